#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

/// A corpus that needs no download: a text that is a function of a number, for language models to be compared on.
namespace headlight::reproduce {

/// `characters` characters of a made-up language, cut wherever they end. It has 400 words of one to three syllables;
/// behind each word stands one of eight that are its own, the first of them more often than the last. A sentence
/// begins with any word, has 4 to 12 of them and may be quoted or in parentheses. So there is spelling, vocabulary,
/// grammar and punctuation to learn, and much that nobody can guess. A long text has 65 different characters: both
/// cases of 26 letters, space, line end and 11 marks.
/// Integer draws of core/random.h alone: one seed, one text, on every machine. tests/reference/make_text.py writes the
/// same bytes.
std::string generated_text(std::uint64_t seed, std::size_t characters);

/// Where write_generated_text() puts it: `<directory>/generated-text-<seed>-<characters>.txt`, as an absolute path.
std::filesystem::path generated_text_path(const std::filesystem::path& directory, std::uint64_t seed,
                                          std::size_t characters);

/// Writes the text atomically, unless the file has it already. Throws FileError.
void write_generated_text(const std::filesystem::path& directory, std::uint64_t seed, std::size_t characters);

}  // namespace headlight::reproduce
