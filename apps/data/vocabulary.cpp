#include "apps/data/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/data/symbol_text.h"
#include "apps/data/utf8.h"
#include "core/error.h"

namespace headlight {
namespace {

using Kind = Vocabulary::Kind;

constexpr std::size_t kMostSymbols = 1'000'000;
constexpr std::array<std::pair<Kind, const char*>, 6> kKinds = {{{Kind::bytes, "bytes"},
                                                                 {Kind::chars, "chars"},
                                                                 {Kind::words, "words"},
                                                                 {Kind::labels, "labels"},
                                                                 {Kind::integers, "integers"},
                                                                 {Kind::numbers, "numbers"}}};

bool has_symbols(Kind kind) { return kind == Kind::chars || kind == Kind::words || kind == Kind::labels; }

std::string shown(Kind kind, const std::string& symbol) {
  return kind == Kind::chars ? character_text(symbol) : word_text(symbol);
}

[[noreturn]] void refuse_file(std::string_view where) {
  raise<FileError>(where, "it is no vocabulary of ours", {}, "take the run directory as `headlight train` wrote it");
}

}  // namespace

Vocabulary Vocabulary::of(Kind kind, std::vector<std::string> symbols) {
  const std::size_t size = symbols.size();
  return {kind, std::move(symbols), size};
}

std::optional<std::int32_t> Vocabulary::id(std::string_view symbol) const {
  const auto found = std::lower_bound(symbols_.begin(), symbols_.end(), symbol);
  if (found == symbols_.end() || *found != symbol) return std::nullopt;
  return static_cast<std::int32_t>(found - symbols_.begin());
}

std::string Vocabulary::text(std::int32_t id) const {
  if (kind_ == Kind::bytes) return byte_text(static_cast<unsigned char>(id));
  if (!has_symbols(kind_)) return std::to_string(id);
  return shown(kind_, symbols_.at(static_cast<std::size_t>(id)));
}

std::string Vocabulary::mark_text(std::string_view name) const {
  std::string mark = fmt::format("<{}>", name);
  while (id(mark)) mark = fmt::format("<{}>", mark);
  return mark;
}

nlohmann::ordered_json Vocabulary::to_json() const {
  const auto* const entry =
      std::find_if(kKinds.begin(), kKinds.end(), [this](const auto& kind) { return kind.first == kind_; });
  nlohmann::ordered_json json{{"kind", entry->second}, {"size", size_}};
  if (has_symbols(kind_)) json["symbols"] = symbols_;
  return json;
}

Vocabulary Vocabulary::from_json(const nlohmann::json& json, std::string_view where) {
  if (!json.is_object() || !json.contains("kind") || !json.contains("size")) refuse_file(where);
  const auto* const entry =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& kind) { return json["kind"] == kind.second; });
  if (entry == kKinds.end() || !json["size"].is_number_unsigned()) refuse_file(where);
  const auto size = json["size"].get<std::uint64_t>();
  if (!has_symbols(entry->first)) {
    if (size == 0 || size > 0x7FFF'FFFF || (entry->first == Kind::bytes && size != 256)) refuse_file(where);
    return {entry->first, {}, size};
  }
  const auto symbols = json.find("symbols");
  if (symbols == json.end() || !symbols->is_array() || symbols->size() != size || size > kMostSymbols) {
    refuse_file(where);
  }
  std::vector<std::string> read;
  read.reserve(size);
  for (const nlohmann::json& symbol : *symbols) {
    if (!symbol.is_string()) refuse_file(where);
    read.push_back(symbol.get<std::string>());
    const bool one_char = !read.back().empty() && utf8_length(read.back().front()) == read.back().size();
    if (entry->first == Kind::chars && !one_char) refuse_file(where);
  }
  const bool ascending = std::adjacent_find(read.begin(), read.end(), std::greater_equal<>()) == read.end();
  if (read.empty() || !ascending) refuse_file(where);
  return of(entry->first, std::move(read));
}

nlohmann::ordered_json Vocabularies::to_json() const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (input) json["input"] = input->to_json();
  if (target) json["target"] = target->to_json();
  return json;
}

Vocabularies Vocabularies::from_json(const nlohmann::json& json, std::string_view where) {
  if (!json.is_object()) refuse_file(where);
  Vocabularies read;
  if (json.contains("input")) read.input = Vocabulary::from_json(json["input"], where);
  if (json.contains("target")) read.target = Vocabulary::from_json(json["target"], where);
  return read;
}

void VocabularyBuilder::add(const FieldValue& value, const std::optional<std::int64_t>& ignore,
                            const LinePlace& place) {
  if (kind_ == FieldKind::index) return;
  for (const std::int64_t integer : value.integers) {
    if (integer != ignore) add_integer(integer, place);
  }
  for (const std::string& symbol : value.symbols) add_symbol(symbol, place);
  if (value.width != 0) add_width(value.width, place);
  if (!symbols_.empty() && largest_ >= 0) {
    place.raise("labels are strings in some lines and integers in others", {}, "write all of them alike");
  }
}

std::optional<Vocabulary> VocabularyBuilder::finish() const {
  if (known_ != nullptr) return *known_;
  if (kind_ == FieldKind::index) return std::nullopt;
  if (width_ != 0) return Vocabulary::numbers(width_);
  if (symbols_.empty()) {
    const auto size = static_cast<std::size_t>(largest_ + 1);
    return Vocabulary::integers(std::max<std::size_t>(limit_.value_or(size), 1));
  }
  const Kind kind = kind_ == FieldKind::chars ? Kind::chars : kind_ == FieldKind::words ? Kind::words : Kind::labels;
  return Vocabulary::of(kind, {symbols_.begin(), symbols_.end()});
}

void VocabularyBuilder::add_integer(std::int64_t value, const LinePlace& place) {
  const auto beyond = [value](std::size_t size) { return value < 0 || static_cast<std::uint64_t>(value) >= size; };
  if (known_ != nullptr) {
    if (known_->kind() != Kind::integers || beyond(known_->size())) refuse_symbol(std::to_string(value), place);
  } else if (limit_ && beyond(*limit_)) {
    place.raise(fmt::format("{} is not below the `vocab` of its field", value), fmt::format("vocab {}", *limit_),
                "raise `vocab`, or leave it out");
  } else if (beyond(kMostSymbols)) {
    place.raise(fmt::format("{} is too large for a token or a class", value),
                fmt::format("at most {}", kMostSymbols - 1), "number them from 0");
  }
  largest_ = std::max(largest_, value);
}

void VocabularyBuilder::add_symbol(const std::string& symbol, const LinePlace& place) {
  if (known_ != nullptr) {
    if (!known_->id(symbol))
      refuse_symbol(kind_ == FieldKind::chars ? character_text(symbol) : word_text(symbol), place);
    return;
  }
  if (symbols_.contains(symbol)) return;
  if (symbols_.size() == kMostSymbols) {
    place.raise(fmt::format("there are more than {} different symbols", kMostSymbols), {},
                "choose a kind with fewer, such as chars");
  }
  symbols_.insert(symbol);
}

void VocabularyBuilder::add_width(std::size_t width, const LinePlace& place) {
  const std::size_t wanted = known_ != nullptr ? known_->size() : width_ == 0 ? width : width_;
  if (width != wanted) {
    place.raise(fmt::format("a vector has {} numbers", width),
                fmt::format("those of {} have {}", known_ != nullptr ? "the run" : "the lines before", wanted),
                "give all vectors as many numbers");
  }
  width_ = width;
}

void encode(const FieldValue& value, const Vocabulary& vocabulary, const std::optional<std::int64_t>& ignore,
            std::int32_t ignored, const LinePlace& place, std::vector<std::int32_t>& ids) {
  for (const std::int64_t integer : value.integers) {
    if (integer == ignore) {
      ids.push_back(ignored);
      continue;
    }
    if (integer < 0 || static_cast<std::uint64_t>(integer) >= vocabulary.size()) {
      refuse_symbol(std::to_string(integer), place);
    }
    ids.push_back(static_cast<std::int32_t>(integer));
  }
  for (const std::string& symbol : value.symbols) {
    const std::optional<std::int32_t> id = vocabulary.id(symbol);
    if (!id) refuse_symbol(word_text(symbol), place);
    ids.push_back(*id);
  }
}

void refuse_symbol(std::string_view shown, const LinePlace& place) {
  place.raise(fmt::format("`{}` is in no example that the run was trained with", shown), {},
              "a model has no number for it: train on data that hold it, or take it out here");
}

}  // namespace headlight
