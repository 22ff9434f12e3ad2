#include <string>

#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "core/error.h"
#include "tests/fuzz/fuzz_target.h"

namespace headlight::fuzzing {
namespace {

std::string resolved(const std::string& text, const std::vector<std::string>& overrides) {
  return to_json(config::read_config_text({{.name = "input", .text = text, .directory = {}}}, overrides).config).dump();
}

}  // namespace
}  // namespace headlight::fuzzing

/// A config, and behind each byte 1 an override.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(data, data + size);
  std::vector<std::string> overrides;
  for (std::size_t cut = text.rfind('\x01'); cut != std::string::npos; cut = text.rfind('\x01')) {
    overrides.push_back(text.substr(cut + 1));
    text.resize(cut);
  }
  std::string first;
  try {
    first = headlight::fuzzing::resolved(text, overrides);
  } catch (const headlight::ConfigError&) {
    return 0;  // refused, as most inputs are
  }
  headlight::fuzzing::require(headlight::fuzzing::resolved(first, {}) == first, "a resolved config resolves to itself");
  return 0;
}
