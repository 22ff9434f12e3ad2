#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

/// A corpus that needs no download: a text that is a function of a number, for language models to be compared on.
namespace headlight::reproduce {

/// What a text is made of.
enum class TextKind {
  text,   ///< sentences; its size is in characters
  lines,  ///< an item per line; its size is in items
};

/// A text that a task is given to read.
struct TextRecipe {
  TextKind kind = TextKind::text;
  std::uint64_t seed = 0;
  std::size_t size = 0;
};

/// "text" or "lines": the plan's key of such a recipe.
std::string name_of(TextKind kind);

/// A text of a made-up language.
///
/// Kind `text`: so many characters, cut wherever they end. The language has 400 words of one to three syllables; behind
/// each word stands one of eight that are its own, the first of them more often than the last. A sentence begins with
/// any word, has 4 to 12 of them and may be quoted or in parentheses. So there is spelling, vocabulary, grammar and
/// punctuation to learn, and much that nobody can guess. A long text has 65 different characters: both cases of 26
/// letters, space, line end and 11 marks.
///
/// Kind `lines`: so many items, a line each, as many letters long as names are. An item is a chain of 2 to 5 of 400
/// syllables of one to three of the 26 letters, which follow one another as the words of a text do.
///
/// Integer draws of core/random.h alone: one seed, one text, on every machine. tests/reference/generated_text.py makes
/// the same bytes.
std::string generated_text(const TextRecipe& recipe);

/// Where write_generated_text() puts it: `<directory>/generated-<kind>-<seed>-<size>.txt`, as an absolute path.
std::filesystem::path generated_text_path(const std::filesystem::path& directory, const TextRecipe& recipe);

/// Writes the text atomically, unless the file has it already. Throws FileError.
void write_generated_text(const std::filesystem::path& directory, const TextRecipe& recipe);

}  // namespace headlight::reproduce
