#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/io/strict_json.h"
#include "tests/fuzz/fuzz_target.h"

namespace headlight::fuzzing {
namespace {

void try_text(std::string_view text, bool comments) {
  JsonLimits limits;
  limits.comments = comments;
  const nlohmann::json value = parse_json(text, limits, "input");
  const std::string written = value.dump();
  require(parse_json(written, {}, "written again") == value, "an accepted text means the same when written again");
}

}  // namespace
}  // namespace headlight::fuzzing

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  for (const bool comments : {false, true}) {
    try {
      headlight::fuzzing::try_text(text, comments);
    } catch (const headlight::JsonError& error) {
      headlight::fuzzing::require(error.position() <= size, "an error lies inside its text");
    }
  }
  return 0;
}
