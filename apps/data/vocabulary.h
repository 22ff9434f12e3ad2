#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/data/record.h"

namespace headlight {

/// The symbols of a data set, numbered from 0. A run keeps those that it was trained with.
class Vocabulary {
 public:
  enum class Kind {
    bytes,     ///< all 256
    chars,     ///< code points, ascending
    words,     ///< ascending by their bytes
    labels,    ///< the same, of strings that name classes
    integers,  ///< an integer is its own number
    numbers,   ///< no symbols: vectors, and size() is their width
  };

  static Vocabulary bytes() { return {Kind::bytes, {}, 256}; }
  static Vocabulary integers(std::size_t size) { return {Kind::integers, {}, size}; }
  static Vocabulary numbers(std::size_t width) { return {Kind::numbers, {}, width}; }
  /// Of chars, words or labels; they are different and ascending.
  static Vocabulary of(Kind kind, std::vector<std::string> symbols);

  Kind kind() const { return kind_; }
  std::size_t size() const { return size_; }

  /// Number of a char, word or label; nothing where it is not in the vocabulary.
  std::optional<std::int32_t> id(std::string_view symbol) const;

  /// Symbol `id` as people read it, without blanks; different ones differ.
  std::string text(std::int32_t id) const;
  /// "<name>", in as many brackets as it takes to differ from every symbol.
  std::string mark_text(std::string_view name) const;

  nlohmann::ordered_json to_json() const;
  /// Throws FileError, beginning with `where`, on anything that to_json() would not write.
  static Vocabulary from_json(const nlohmann::json& json, std::string_view where);

  bool operator==(const Vocabulary&) const = default;

 private:
  Vocabulary(Kind kind, std::vector<std::string> symbols, std::size_t size)
      : kind_(kind), symbols_(std::move(symbols)), size_(size) {}

  Kind kind_;
  std::vector<std::string> symbols_;
  std::size_t size_;
};

/// What the model reads and what it answers; empty where there are no symbols.
struct Vocabularies {
  std::optional<Vocabulary> input{};
  std::optional<Vocabulary> target{};  ///< empty too where that of the input serves both

  nlohmann::ordered_json to_json() const;
  static Vocabularies from_json(const nlohmann::json& json, std::string_view where);

  bool operator==(const Vocabularies&) const = default;
};

/// Makes the vocabulary of a field from its values, or holds the values to a vocabulary that is given.
class VocabularyBuilder {
 public:
  /// `limit`: integers are below it. `known`: of the run that is evaluated; must outlive this.
  VocabularyBuilder(FieldKind kind, std::optional<std::size_t> limit, const Vocabulary* known)
      : kind_(kind), limit_(limit), known_(known) {}

  /// Throws ConfigError on an integer beyond the limit, vectors of another width, labels that are strings here and
  /// integers there, more than a million symbols, and what a known vocabulary does not have.
  void add(const FieldValue& value, const std::optional<std::int64_t>& ignore, const LinePlace& place);

  /// The vocabulary; of an index there is none.
  std::optional<Vocabulary> finish() const;

 private:
  void add_integer(std::int64_t value, const LinePlace& place);
  void add_symbol(const std::string& symbol, const LinePlace& place);
  void add_width(std::size_t width, const LinePlace& place);

  FieldKind kind_;
  std::optional<std::size_t> limit_;
  const Vocabulary* known_;
  std::set<std::string, std::less<>> symbols_;
  std::int64_t largest_ = -1;
  std::size_t width_ = 0;
};

/// The numbers of a value's tokens, symbols or label; ignored integers become `ignored`. Throws ConfigError on one that
/// the vocabulary does not have.
void encode(const FieldValue& value, const Vocabulary& vocabulary, const std::optional<std::int64_t>& ignore,
            std::int32_t ignored, const LinePlace& place, std::vector<std::int32_t>& ids);

/// Says that a symbol was not seen in training.
[[noreturn]] void refuse_symbol(std::string_view shown, const LinePlace& place);

}  // namespace headlight
