#include "core/io/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/io/excerpt.h"
#include "core/io/json_tokens.h"

namespace headlight {
namespace {

using Json = nlohmann::json;

/// The library's message without its error code and place (ours says the place), cut to a readable length.
std::string plain_reason(std::string_view text) {
  if (const std::size_t code = text.find("] "); text.starts_with('[') && code != std::string_view::npos) {
    text.remove_prefix(code + 2);
  }
  if (const std::size_t start = text.find("syntax error"); start != std::string_view::npos) text.remove_prefix(start);
  return excerpt(text, 240);
}

/// Passes the library's events on with the place of each.
class PlacedEvents final : public nlohmann::json_sax<Json> {
 public:
  PlacedEvents(std::string_view text, const JsonLimits& limits, std::string_view where, JsonEvents& events)
      : text_(text), where_(where), tokens_(text, limits.comments), events_(events) {}

  bool null() override { return events_.null(here()), true; }
  bool boolean(bool value) override { return events_.boolean(value, here()), true; }
  bool number_unsigned(std::uint64_t value) override { return events_.non_negative_integer(value, here()), true; }
  bool number_integer(std::int64_t value) override {
    // "-0" arrives here as 0.
    if (value < 0) return events_.negative_integer(value, here()), true;
    return events_.non_negative_integer(static_cast<std::uint64_t>(value), here()), true;
  }
  bool number_float(double value, const std::string&) override { return events_.real(value, here()), true; }
  bool string(std::string& value) override { return events_.string(value, here()), true; }
  bool key(std::string& value) override { return events_.key(value, here()), true; }
  bool start_object(std::size_t) override { return events_.begin_object(here()), true; }
  bool end_object() override { return events_.end_object(here()), true; }
  bool start_array(std::size_t) override { return events_.begin_array(here()), true; }
  bool end_array() override { return events_.end_array(here()), true; }
  bool binary(Json::binary_t&) override { return false; }  // only binary formats report it
  bool parse_error(std::size_t read, const std::string&, const nlohmann::detail::exception& error) override {
    // `read` counts the bytes up to and with the offending one, the end of the text as one more.
    raise_json_error(where_, text_, std::min(read - std::min<std::size_t>(read, 1), text_.size()),
                     plain_reason(error.what()));
  }

 private:
  std::size_t here() { return tokens_.next().begin; }

  std::string_view text_;
  std::string_view where_;
  JsonTokens tokens_;
  JsonEvents& events_;
};

/// Depth and length of strings, before the library builds anything of them.
void check_structure(std::string_view text, const JsonLimits& limits, std::string_view where) {
  JsonTokens tokens(text, limits.comments);
  std::size_t depth = 0;
  for (JsonTokens::Token token = tokens.next(); token.begin < token.end; token = tokens.next()) {
    switch (text[token.begin]) {
      case '{':
      case '[':
        if (++depth > limits.max_depth) {
          raise_json_error(where, text, token.begin, fmt::format("nested deeper than {} levels", limits.max_depth));
        }
        break;
      case '}':
      case ']':
        depth -= std::min<std::size_t>(depth, 1);
        break;
      case '"':
        if (token.end - token.begin > limits.max_string_bytes) {
          raise_json_error(where, text, token.begin,
                           fmt::format("a string is longer than {} bytes", limits.max_string_bytes));
        }
        break;
      default:
        break;
    }
  }
}

class Builder final : public JsonEvents {
 public:
  Builder(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  void begin_object(std::size_t) override { open_.push_back(&place(Json::object())); }
  void begin_array(std::size_t) override { open_.push_back(&place(Json::array())); }
  void end_object(std::size_t) override { open_.pop_back(); }
  void end_array(std::size_t) override { open_.pop_back(); }
  void key(std::string& key, std::size_t position) override {
    const auto [slot, added] = open_.back()->emplace(key, nullptr);
    if (!added) raise_json_error(where_, text_, position, fmt::format("the key `{}` appears twice", excerpt(key)));
    slot_ = &slot.value();
  }
  void string(std::string& value, std::size_t) override { place(std::move(value)); }
  void non_negative_integer(std::uint64_t value, std::size_t) override { place(value); }
  void negative_integer(std::int64_t value, std::size_t) override { place(value); }
  void real(double value, std::size_t) override { place(value); }
  void boolean(bool value, std::size_t) override { place(value); }
  void null(std::size_t) override { place(nullptr); }

  Json take() { return std::move(root_); }

 private:
  /// Pointers into parents stay valid: a parent grows only when its children are closed.
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_array()) return open_.back()->emplace_back(std::move(value));
    return *slot_ = std::move(value);
  }

  std::string_view text_;
  std::string_view where_;
  Json root_;
  std::vector<Json*> open_;
  Json* slot_ = nullptr;
};

}  // namespace

TextPlace place_in(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  const std::size_t newline = before.rfind('\n');
  return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1};
}

void raise_json_error(std::string_view where, std::string_view text, std::size_t position, std::string_view reason) {
  const TextPlace place = place_in(text, position);
  throw JsonError(message(where, reason,
                          fmt::format("line {}, column {} (byte {})", place.line, place.column, position), {}),
                  std::string(reason), position);
}

void read_json(std::string_view text, const JsonLimits& limits, std::string_view where, JsonEvents& events) {
  if (text.size() > limits.max_bytes) {
    raise_json_error(where, text, 0, fmt::format("the text is longer than {} bytes", limits.max_bytes));
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    raise_json_error(where, text, 0, "the text begins with a byte order mark, which JSON does not allow");
  }
  if (const std::optional<std::size_t> fault = first_invalid_utf8(text)) {
    raise_json_error(where, text, *fault, "the text is not valid UTF-8");
  }
  // The library takes a NUL for the end of the text and would not see what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    raise_json_error(where, text, nul, "the text holds a NUL byte");
  }
  check_structure(text, limits, where);
  PlacedEvents placed(text, limits, where, events);
  Json::sax_parse(text.begin(), text.end(), &placed, Json::input_format_t::json, true, limits.comments);
}

Json parse_json(std::string_view text, const JsonLimits& limits, std::string_view where) {
  Builder builder(text, where);
  read_json(text, limits, where, builder);
  return builder.take();
}

}  // namespace headlight
