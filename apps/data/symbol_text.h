#pragma once

#include <string>
#include <string_view>

/// Symbols as messages, maps and `--input` show them: without blanks or control characters, different ones differently.
namespace headlight {

/// One character: itself, or a name such as <space>, <newline> or <U+00A0>.
std::string character_text(std::string_view character);

/// A word or a label: itself, with blanks and control characters as \x20 and a backslash as \\.
std::string word_text(std::string_view word);

/// One byte: itself where it is a visible ASCII character, else <0x0A>.
std::string byte_text(unsigned char byte);

}  // namespace headlight
