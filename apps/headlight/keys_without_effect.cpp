#include "apps/headlight/keys_without_effect.h"

#include <fmt/format.h>

#include <vector>

namespace headlight {

std::string note_of_keys_without_effect(const config::LoadedConfig& loaded) {
  std::vector<std::string> said;
  for (const char* path : {"heads", "output.view"}) {
    if (config::says(*loaded.origin, path)) said.push_back(fmt::format("`{}`", path));
  }
  if (said.empty()) return {};
  return fmt::format(
      "note: {}: checked, but without effect in this version\n",
      fmt::join(said, ", "));
}

}  // namespace headlight
