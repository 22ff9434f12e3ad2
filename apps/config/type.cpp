#include "apps/config/type.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headlight::config::schema {

namespace {

constexpr std::size_t kLongestName = 100;

std::string describe_range(const Range& range) {
  std::string text;
  if (std::isfinite(range.from)) text = fmt::format(" from {}", plain(range.from));
  if (std::isfinite(range.above)) text = fmt::format(" above {}", plain(range.above));
  if (std::isfinite(range.to) && range.to < kLargestWhole) {
    text += fmt::format("{} {}", std::isfinite(range.above) ? ", at most" : " to", plain(range.to));
  }
  if (std::isfinite(range.below)) text += fmt::format(" to below {}", plain(range.below));
  return text;
}

}  // namespace

const Type* Type::as(Kind wanted) const {
  if (kind == wanted) return this;
  if (kind != Kind::kEither) return nullptr;
  const auto part =
      std::find_if(parts.begin(), parts.end(), [wanted](const Type& type) { return type.kind == wanted; });
  return part == parts.end() ? nullptr : &*part;
}

Type integer(double from, double to) { return {.kind = Type::Kind::kInteger, .range = {.from = from, .to = to}}; }
Type number(Range range) { return {.kind = Type::Kind::kNumber, .range = range}; }
Type boolean() { return {.kind = Type::Kind::kBoolean}; }
Type text(TextRule rule) { return {.kind = Type::Kind::kText, .rule = rule}; }
Type object() { return {.kind = Type::Kind::kObject}; }
Type text_map() { return {.kind = Type::Kind::kTextMap}; }
Type layers() { return {.kind = Type::Kind::kLayers}; }

Type list(Type item, std::size_t least, std::size_t most) {
  return {.kind = Type::Kind::kList, .parts = {std::move(item)}, .least = least, .most = most};
}

Type either(Type first, Type second) {
  return {.kind = Type::Kind::kEither, .parts = {std::move(first), std::move(second)}};
}

std::string describe(const Type& type) {
  switch (type.kind) {
    case Type::Kind::kInteger:
      return type.range.from == type.range.to ? "the number " + plain(type.range.to)
                                              : "an integer" + describe_range(type.range);
    case Type::Kind::kNumber:
      return "a number" + describe_range(type.range);
    case Type::Kind::kBoolean:
      return "true or false";
    case Type::Kind::kText:
      return describe(type.rule);
    case Type::Kind::kChoice: {
      std::string names;
      for (const auto& [name, value] : type.choices) names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name);
      return (type.choices.size() > 1 ? "one of " : "") + names;
    }
    case Type::Kind::kList:
      if (type.least == type.most)
        return fmt::format("a list of {}, each {}", type.least, describe(type.parts.front()));
      return fmt::format("a list, each item {}", describe(type.parts.front()));
    case Type::Kind::kObject:
      return "an object";
    case Type::Kind::kTextMap:
      return "an object of texts";
    case Type::Kind::kLayers:
      return "a list of layers";
    case Type::Kind::kEither:
      return describe(type.parts[0]) + ", or " + describe(type.parts[1]);
  }
  return {};
}

bool satisfies(TextRule rule, std::string_view value) {
  if (value.empty() || value.find('\0') != std::string_view::npos) return false;
  if (rule != TextRule::kFileName) return true;
  if (value == "." || value == ".." || value.size() > kLongestName) return false;
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20U || c == '\x7F'; });
}

std::string describe(TextRule rule) {
  switch (rule) {
    case TextRule::kAny:
      return "a text that is not empty";
    case TextRule::kFileName:
      return fmt::format("a text that can name a directory (1 to {} bytes, no `/`)", kLongestName);
    case TextRule::kPath:
      return "the path of a file";
  }
  return {};
}

std::string plain(double value) {
  if (std::abs(value) < 1e15 && value == std::trunc(value)) return fmt::format("{:.0f}", value);
  return value == kLargestWhole ? "9007199254740991" : fmt::format("{}", value);
}

}  // namespace headlight::config::schema
