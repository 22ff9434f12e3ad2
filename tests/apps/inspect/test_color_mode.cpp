#include <catch2/catch.hpp>

#include "apps/inspect/color_mode.h"
#include "core/error.h"

using namespace headlight;

TEST_CASE("Colour is decided by the option, then the environment, then the terminal") {
  struct Case {
    ColorOption option;
    bool is_tty;
    Environment environment;
    ColorMode expected;
  };
  using enum ColorMode;
  constexpr ColorOption kAutomatic = ColorOption::kAuto;
  const std::vector<Case> cases = {
      {kAutomatic, true, {{"TERM", "xterm-256color"}}, kPalette},
      {kAutomatic, true, {{"TERM", "xterm-256color"}, {"COLORTERM", "truecolor"}}, kTrueColor},
      {kAutomatic, true, {{"TERM", "xterm"}, {"COLORTERM", "24bit"}}, kTrueColor},
      {kAutomatic, true, {{"TERM", "xterm"}, {"COLORTERM", "yes"}}, kPalette},
      {kAutomatic, true, {{"TERM", "xterm-direct"}}, kTrueColor},
      {kAutomatic, false, {{"TERM", "xterm-256color"}, {"COLORTERM", "truecolor"}}, kNone},
      {kAutomatic, true, {{"TERM", "dumb"}}, kNone},
      {kAutomatic, true, {}, kNone},
      {kAutomatic, true, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}, kNone},
      {kAutomatic, true, {{"TERM", "xterm"}, {"NO_COLOR", "0"}}, kNone},
      {kAutomatic, true, {{"TERM", "xterm"}, {"NO_COLOR", ""}}, kPalette},
      {kAutomatic, false, {{"CLICOLOR_FORCE", "1"}}, kPalette},
      {kAutomatic, false, {{"CLICOLOR_FORCE", "0"}}, kNone},
      {kAutomatic, false, {{"CLICOLOR_FORCE", ""}}, kNone},
      {kAutomatic, false, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}, kNone},
      {ColorOption::kAlways, false, {{"NO_COLOR", "1"}, {"TERM", "dumb"}}, kPalette},
      {ColorOption::kAlways, false, {{"COLORTERM", "truecolor"}}, kTrueColor},
      {ColorOption::kNever, true, {{"TERM", "xterm"}, {"CLICOLOR_FORCE", "1"}, {"COLORTERM", "truecolor"}}, kNone},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(detect_color_mode(cases[i].option, cases[i].is_tty, cases[i].environment) == cases[i].expected);
  }
}

TEST_CASE("The character set follows the first locale variable that says something") {
  CHECK(detect_charset({{"LANG", "en_GB.UTF-8"}}) == Charset::kUtf8);
  CHECK(detect_charset({{"LANG", "C.utf8"}}) == Charset::kUtf8);
  CHECK(detect_charset({{"LANG", "en_GB.UTF-8"}, {"LC_ALL", "C"}}) == Charset::kAscii);
  CHECK(detect_charset({{"LANG", "C"}, {"LC_CTYPE", "C.UTF-8"}, {"LC_ALL", ""}}) == Charset::kUtf8);
  CHECK(detect_charset({{"LANG", "de_DE.ISO-8859-1"}}) == Charset::kAscii);
  CHECK(detect_charset({}) == Charset::kAscii);
}

TEST_CASE("The colour option knows three words") {
  CHECK(parse_color_option("auto") == ColorOption::kAuto);
  CHECK(parse_color_option("always") == ColorOption::kAlways);
  CHECK(parse_color_option("never") == ColorOption::kNever);
  CHECK_THROWS_WITH(parse_color_option("yes"),
                    "--color: is not a known word; 'yes'; choose one of auto, always, never");
}
