// The order of the draws decides every character: tests/reference/generated_text.py repeats it, function by function.
#include "apps/reproduce/generated_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/io/file.h"
#include "core/random.h"

namespace headlight::reproduce {
namespace {

constexpr std::string_view kConsonants = "bcdfghjklmnpqrstvwxz";
constexpr std::string_view kVowels = "aeiouy";
constexpr std::size_t kWords = 400;
constexpr std::size_t kSuccessors = 8;

struct Word {
  std::string spelling{};
  std::array<std::size_t, kSuccessors> successors{};
};

class Language {
 public:
  Language(const RandomKey& key, std::size_t most_syllables) : random_(key), most_syllables_(most_syllables) {
    for (std::size_t i = 0; i < kWords; ++i) words_.push_back(draw_word());
  }

  /// A sentence with the space or line end behind it.
  std::string sentence() {
    const std::uint64_t frame = below(16);
    std::string text = frame == 0 ? "\"" : frame == 1 ? "(" : "";
    const std::size_t capital = text.size();
    const std::uint64_t count = 4 + below(9);
    std::size_t word = below(kWords);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) {
        text += separator();
        word = successor(word);
      }
      text += words_[word].spelling;
      if (below(32) == 0) text += "'s";
    }
    text[capital] = static_cast<char>(text[capital] - 'a' + 'A');
    text += pick(".....?!.");
    if (frame == 0) text += '"';
    if (frame == 1) text += ')';
    text += pick("   \n");
    return text;
  }

  /// Two to five words in one, with the line end behind it.
  std::string item() {
    const std::uint64_t count = 2 + below(4);
    std::size_t word = below(kWords);
    std::string text = words_[word].spelling;
    for (std::uint64_t i = 1; i < count; ++i) {
      word = successor(word);
      text += words_[word].spelling;
    }
    return text + '\n';
  }

 private:
  std::size_t below(std::size_t count) { return random_.uniform_below(count); }
  char pick(std::string_view letters) { return letters[below(letters.size())]; }

  std::string syllable(bool may_begin_with_vowel) {
    std::string text;
    if (!may_begin_with_vowel || below(4) != 0) text += pick(kConsonants);
    text += pick(kVowels);
    if (below(3) == 0) text += pick(kConsonants);
    return text;
  }

  Word draw_word() {
    Word word;
    const std::size_t syllables = 1 + below(most_syllables_);
    for (std::size_t i = 0; i < syllables; ++i) word.spelling += syllable(i == 0);
    for (std::size_t& successor : word.successors) successor = below(kWords);
    return word;
  }

  /// The smaller of two draws: of eight successors the first has 15 of 64 chances, the last 1.
  std::size_t successor(std::size_t word) {
    const std::size_t first = below(kSuccessors);
    const std::size_t second = below(kSuccessors);
    return words_[word].successors[std::min(first, second)];
  }

  std::string separator() {
    constexpr std::array<std::string_view, 5> rare = {", ", ", ", "; ", ": ", "-"};
    return std::string(below(8) == 0 ? rare[below(rare.size())] : " ");
  }

  Random random_;
  std::size_t most_syllables_;  ///< of a word
  std::vector<Word> words_{};
};

std::string sentences_of(std::uint64_t seed, std::size_t characters) {
  Language language({.seed = seed, .stream = stream_id("reproduce.text")}, 3);
  std::string text;
  while (text.size() < characters) text += language.sentence();
  text.resize(characters);
  return text;
}

std::string lines_of(std::uint64_t seed, std::size_t items) {
  Language language({.seed = seed, .stream = stream_id("reproduce.lines")}, 1);
  std::string text;
  for (std::size_t i = 0; i < items; ++i) text += language.item();
  return text;
}

}  // namespace

std::string name_of(TextKind kind) { return kind == TextKind::text ? "text" : "lines"; }

std::string generated_text(const TextRecipe& recipe) {
  return recipe.kind == TextKind::text ? sentences_of(recipe.seed, recipe.size) : lines_of(recipe.seed, recipe.size);
}

std::filesystem::path generated_text_path(const std::filesystem::path& directory, const TextRecipe& recipe) {
  const std::string name = fmt::format("generated-{}-{}-{}.txt", name_of(recipe.kind), recipe.seed, recipe.size);
  return (std::filesystem::absolute(directory) / name).lexically_normal();
}

void write_generated_text(const std::filesystem::path& directory, const TextRecipe& recipe) {
  const std::filesystem::path path = generated_text_path(directory, recipe);
  const std::string text = generated_text(recipe);
  // Not touched when it is right: a run may be reading it.
  if (std::filesystem::is_regular_file(path) && std::filesystem::file_size(path) == text.size() &&
      read_file(path, text.size()) == text) {
    return;
  }
  write_file_atomically(path, text);
}

}  // namespace headlight::reproduce
