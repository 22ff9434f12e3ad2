#pragma once

#include <map>
#include <string>
#include <string_view>

#include "apps/inspect/token_text.h"

namespace headlight {

/// The value of `--color`.
enum class ColorOption { kAuto, kAlways, kNever };

/// Throws ConfigError unless `word` is `auto`, `always` or `never`.
ColorOption parse_color_option(std::string_view word);

/// How colour is sent to a terminal.
enum class ColorMode {
  kNone,       ///< no escape sequence at all; shades are characters
  kPalette,    ///< the 240 fixed colours of the 256-colour palette
  kTrueColor,  ///< 24 bits
};

/// Environment variables by name; one that is not set is absent.
using Environment = std::map<std::string, std::string, std::less<>>;

/// The variables that the two functions below read, from the process.
Environment terminal_environment();

/// Whether and how to colour. In this order: `always` or `never`; NO_COLOR not empty: none; CLICOLOR_FORCE neither
/// empty nor 0: colour; then colour only for a terminal whose TERM is set and not `dumb`. 24 bits when COLORTERM is
/// `truecolor` or `24bit` or TERM ends with `-direct`, else the palette.   Source: no-color.org, bixense.com/clicolors.
ColorMode detect_color_mode(ColorOption option, bool is_tty, const Environment& environment);

/// UTF-8 when the first variable that is set and not empty of LC_ALL, LC_CTYPE and LANG names it, else ASCII.
Charset detect_charset(const Environment& environment);

}  // namespace headlight
