#include "apps/inspect/color_mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::array<const char*, 7> kVariables = {"NO_COLOR", "CLICOLOR_FORCE", "COLORTERM", "TERM",
                                                   "LC_ALL",   "LC_CTYPE",       "LANG"};

/// The value of a variable; empty when it is not set, which all conventions here treat alike.
std::string_view value(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view{} : std::string_view(found->second);
}

bool wants_color(ColorOption option, bool is_tty, const Environment& environment) {
  if (option != ColorOption::kAuto) return option == ColorOption::kAlways;
  if (!value(environment, "NO_COLOR").empty()) return false;
  const std::string_view force = value(environment, "CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  const std::string_view term = value(environment, "TERM");
  return is_tty && !term.empty() && term != "dumb";
}

}  // namespace

ColorOption parse_color_option(std::string_view word) {
  if (word == "auto") return ColorOption::kAuto;
  if (word == "always") return ColorOption::kAlways;
  if (word == "never") return ColorOption::kNever;
  raise<ConfigError>("--color", "is not a known word", fmt::format("'{}'", word), "choose one of auto, always, never");
}

Environment terminal_environment() {
  Environment environment;
  for (const char* name : kVariables) {
    if (const char* text = std::getenv(name)) environment[name] = text;
  }
  return environment;
}

ColorMode detect_color_mode(ColorOption option, bool is_tty, const Environment& environment) {
  if (!wants_color(option, is_tty, environment)) return ColorMode::kNone;
  const std::string_view color_term = value(environment, "COLORTERM");
  const bool deep =
      color_term == "truecolor" || color_term == "24bit" || value(environment, "TERM").ends_with("-direct");
  return deep ? ColorMode::kTrueColor : ColorMode::kPalette;
}

Charset detect_charset(const Environment& environment) {
  for (const std::string_view name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale(value(environment, name));
    if (locale.empty()) continue;
    std::erase(locale, '-');
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return locale.find("utf8") == std::string::npos ? Charset::kAscii : Charset::kUtf8;
  }
  return Charset::kAscii;
}

}  // namespace headlight
