#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// "Did you mean ...": the known word that is nearest to a written one.
namespace headlight {

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other, in code points.
/// Source: "optimal string alignment" distance, Boytsov 2011, doi:10.1145/1963190.1963191, section 2.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Whether two words are near enough for "did you mean": distance at most 3 and at most a third of `written`.
bool is_near(std::string_view written, std::string_view known);

/// The first of the known words with the least distance that is near, or "".
std::string nearest_word(std::string_view written, const std::vector<std::string>& known);

}  // namespace headlight
