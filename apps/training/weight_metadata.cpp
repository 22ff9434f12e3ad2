#include "apps/training/weight_metadata.h"

#include <fmt/format.h>

#include <string>

#include "apps/training/json_file.h"
#include "core/error.h"
#include "core/io/excerpt.h"

namespace headlight {

Metadata checkpoint_metadata(std::uint64_t step) {
  return {{std::string(kFormatKey), std::to_string(kFileFormat)}, {std::string(kStepKey), std::to_string(step)}};
}

void check_metadata(const SafetensorsFile& file, std::optional<std::uint64_t> step) {
  const std::string where = file.file().path().string();
  const Metadata& metadata = file.metadata();
  const auto format = metadata.find(std::string(kFormatKey));
  if (format != metadata.end() && format->second != std::to_string(kFileFormat)) {
    raise<FileError>(where, "its format is not the one of this program",
                     fmt::format("{} `{}`, this program reads {}", kFormatKey, excerpt(format->second), kFileFormat),
                     "use the Headlight that wrote it, or a newer one");
  }
  if (!step) return;
  constexpr const char* kRemedy = "it is not a file of this checkpoint; choose another --checkpoint";
  if (format == metadata.end()) raise<FileError>(where, fmt::format("its metadata has no {}", kFormatKey), {}, kRemedy);
  const auto found = metadata.find(std::string(kStepKey));
  if (found == metadata.end()) raise<FileError>(where, fmt::format("its metadata has no {}", kStepKey), {}, kRemedy);
  if (found->second != std::to_string(*step)) {
    raise<FileError>(where, "it is of another step than its checkpoint",
                     fmt::format("{} `{}` in the checkpoint of step {}", kStepKey, excerpt(found->second), *step),
                     kRemedy);
  }
}

}  // namespace headlight
