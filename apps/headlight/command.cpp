#include "apps/headlight/command.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "apps/training/progress.h"
#include "core/error.h"
#include "core/io/system_error.h"

namespace headlight {

ExitCode exit_code_of(const std::exception& error) {
  return dynamic_cast<const ConfigError*>(&error) != nullptr ? kUsage : kFailed;
}

void print_result(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && errno != EPIPE) raise_system_error("stdout", "write", errno);
}

void print_note(const GlobalOptions& global, std::string_view text) {
  // A note that cannot be shown is not worth failing for.
  if (!global.quiet) static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

TerminalStyle terminal_style(const GlobalOptions& global) {
  const Environment environment = terminal_environment();
  return {.color = detect_color_mode(parse_color_option(global.color), ::isatty(STDOUT_FILENO) != 0, environment),
          .charset = detect_charset(environment),
          .width = terminal_width(STDOUT_FILENO)};
}

ConfigArguments sort_arguments(const std::vector<std::string>& arguments) {
  ConfigArguments sorted;
  for (const std::string& argument : arguments) {
    std::error_code no_file;  // a long override is a name that no file can have
    if (argument.find('=') != std::string::npos && !std::filesystem::exists(argument, no_file)) {
      sorted.overrides.push_back(argument);
    } else {
      sorted.files.emplace_back(argument);
    }
  }
  if (sorted.files.empty()) {
    raise<ConfigError>("headlight", "no config is given", {}, "name a file, such as data/configs/reverse.json");
  }
  return sorted;
}

}  // namespace headlight
