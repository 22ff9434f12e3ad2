#include "apps/data/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "apps/data/utf8.h"
#include "core/io/excerpt.h"
#include "core/io/strict_json.h"

namespace headlight {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kLargestToken = std::numeric_limits<std::int32_t>::max() - 2;  // the marks come behind it

/// One field, with what messages about it have in common.
class Reading {
 public:
  Reading(const FieldSpec& field, const LinePlace& place) : field_(field), place_(place) {}

  [[noreturn]] void refuse(std::string_view what, const Json& given, std::string_view remedy) const {
    place_.raise(fmt::format("`{}` {}", excerpt(field_.name), what), "it is " + shown(given), remedy);
  }

  std::int64_t integer(const Json& item, std::string_view where, bool may_be_ignored) const {
    const bool whole = item.is_number_integer();
    const bool fits = whole && (!item.is_number_unsigned() || item.get<std::uint64_t>() <= kLargestToken);
    const std::int64_t value = fits ? item.get<std::int64_t>() : -1;
    if (fits && may_be_ignored && field_.ignore == value) return value;
    if (!fits || value < 0) {
      refuse(fmt::format("must hold {}integers from 0 to {}", where, kLargestToken), item,
             field_.ignore && may_be_ignored
                 ? fmt::format("write such an integer, or `task.ignore`, {}, for what does not count", *field_.ignore)
                 : "write such an integer");
    }
    return value;
  }

  double number(const Json& item, std::string_view what) const {
    // JSON has no NaN; a number beyond the range of double was refused when the line was read.
    if (!item.is_number()) refuse(what, item, "write a finite number");
    return item.get<double>();
  }

  const std::string& text(const Json& item) const {
    if (!item.is_string()) refuse("must be a string", item, "or choose another kind for this field");
    return item.get_ref<const std::string&>();
  }

  void check_list(const Json& item, std::string_view of) const {
    if (!item.is_array()) {
      refuse(fmt::format("must be a list of {}", of), item, "or choose another kind for this field");
    }
  }

 private:
  static std::string shown(const Json& given) {
    if (given.is_structured()) return fmt::format("{} of {}", given.is_array() ? "a list" : "an object", given.size());
    return excerpt(given.dump());
  }

  const FieldSpec& field_;
  const LinePlace& place_;
};

void split_words(std::string_view text, std::vector<std::string>& words) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  for (std::size_t begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
}

void read_vectors(const Json& list, const Reading& reading, FieldValue& value) {
  reading.check_list(list, "vectors");
  for (const Json& vector : list) {
    reading.check_list(vector, "vectors, each a list of numbers");
    if (value.width == 0) value.width = vector.size();
    if (vector.empty() || vector.size() != value.width) {
      reading.refuse(fmt::format("must hold vectors of one width; vector {} has {} numbers, the first one {}",
                                 value.length, vector.size(), value.width),
                     list, "give all vectors as many numbers, and at least one");
    }
    for (const Json& item : vector) value.numbers.push_back(reading.number(item, "must hold numbers"));
    ++value.length;
  }
}

}  // namespace

void split_characters(std::string_view text, std::vector<std::string>& characters) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text[i]);
    characters.emplace_back(text.substr(i, length));
    i += length;
  }
}

Json parse_record(std::string_view line, const LinePlace& place) {
  Json record;
  try {
    record = parse_json(line, {}, "");
  } catch (const JsonError& error) {
    place.raise("the line is not JSON", fmt::format("column {}: {}", error.position() + 1, error.reason()),
                R"(write one object per line, such as {"input": [1, 2], "target": [2, 1]})");
  }
  if (!record.is_object()) {
    place.raise("the line is not a JSON object", {},
                R"(write one object per line, such as {"input": ..., "target": ...})");
  }
  return record;
}

void read_field(const Json& record, const FieldSpec& field, const LinePlace& place, FieldValue& value) {
  value.integers.clear();
  value.symbols.clear();
  value.numbers.clear();
  value.length = 0;
  value.width = 0;
  const auto found = record.find(field.name);
  if (found == record.end()) {
    std::vector<std::string> keys;
    for (const auto& item : record.items()) keys.push_back(fmt::format("`{}`", excerpt(item.key())));
    place.raise(fmt::format("there is no field `{}`", excerpt(field.name)),
                keys.empty() ? "the object is empty" : fmt::format("there is {}", fmt::join(keys, ", ")),
                "name the right one in the config, or complete the line");
  }
  const Reading reading(field, place);
  const Json& given = *found;
  value.length = 1;
  switch (field.kind) {
    case FieldKind::tokens:
      reading.check_list(given, "integers");
      for (const Json& item : given) value.integers.push_back(reading.integer(item, "", true));
      value.length = value.integers.size();
      break;
    case FieldKind::chars:
      split_characters(reading.text(given), value.symbols);
      value.length = value.symbols.size();
      break;
    case FieldKind::words:
      split_words(reading.text(given), value.symbols);
      value.length = value.symbols.size();
      break;
    case FieldKind::vectors:
      value.length = 0;
      read_vectors(given, reading, value);
      break;
    case FieldKind::label:
      if (given.is_string()) {
        value.symbols.push_back(given.get<std::string>());
      } else {
        value.integers.push_back(reading.integer(given, "a label: a string, or one of the ", false));
      }
      break;
    case FieldKind::index:
      value.integers.push_back(reading.integer(given, "a position: one of the ", false));
      break;
    case FieldKind::value:
      value.width = 1;
      value.numbers.push_back(reading.number(given, "must be a number"));
      break;
  }
}

}  // namespace headlight
