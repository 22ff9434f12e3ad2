#include "apps/headlight/plugin.h"

#include <dlfcn.h>

#include <filesystem>

#include "core/error.h"

namespace headlight {

void load_plugin(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) {
    raise<ConfigError>("--plugin", "there is no file `" + path + "`", {}, "give a shared library with layers");
  }
  // Absolute: a bare name would be looked for among the system's libraries. Never unloaded: it holds factories.
  const std::string whole = std::filesystem::absolute(path).string();
  if (::dlopen(whole.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr) return;
  const char* const reason = ::dlerror();
  raise<ConfigError>("--plugin", "`" + path + "` cannot be loaded", reason == nullptr ? "" : reason,
                     "build it against this Headlight, with headlight_add_plugin()");
}

}  // namespace headlight
