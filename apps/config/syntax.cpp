#include "apps/config/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>

namespace headlight::config::schema {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\n\r";
constexpr std::string_view kDelimiters = " \t\n\r,:[]{}\"/";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; }

/// End of the blanks and comments that start at `at`. A comment without an end is left standing.
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (kBlanks.find(text[at]) != std::string_view::npos) {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      at = std::min(text.find_first_of("\n\r", at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      const std::size_t end = text.find("*/", at + 2);
      if (end == std::string_view::npos) return at;
      at = end + 2;
    } else {
      return at;
    }
  }
  return at;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

std::size_t number_end(std::string_view text, std::size_t at) {
  if (text[at] == '-') ++at;
  at = text.substr(at, 1) == "0" ? at + 1 : skip_digits(text, at);
  if (at < text.size() && text[at] == '.') at = skip_digits(text, at + 1);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    at = skip_digits(text, at);
  }
  return at;
}

std::size_t token_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return string_end(text, at);
  if (text[at] == '-' || is_digit(text[at])) return number_end(text, at);
  for (const std::string_view literal : {"true", "false", "null"}) {
    if (text.substr(at).starts_with(literal)) return at + literal.size();
  }
  return at + 1;
}

/// End of everything that is glued together from `at` on: what a reader sees as one word.
std::size_t run_end(std::string_view text, std::size_t at) {
  return std::max(at + 1, std::min(text.find_first_of(kDelimiters, at), text.size()));
}

/// Finds the words for one syntax error.
class Explanation {
 public:
  Explanation(const Source& source, Token last, Reached reached, std::size_t read_until,
              const std::vector<OpenBracket>& open)
      : source_(source), text_(source.text), last_(last), reached_(reached), read_until_(read_until), open_(open) {
    at_ = skip_blanks(text_, last_.end);
    while (at_ < text_.size() && (text_[at_] == ',' || text_[at_] == ':')) {
      separators_.push_back(at_);
      at_ = skip_blanks(text_, at_ + 1);
    }
  }

  Problem find() const {
    if (at_ < text_.size() && text_.substr(at_, 2) == "/*") {
      return problem("a comment without an end", {at_, at_ + 2}, "close it with `*/`");
    }
    if (reached_ == Reached::kStart && separators_.empty() && at_ == text_.size()) {
      return problem("the config is empty", {at_, at_}, "a config is an object: `{ \"task\": { ... }, ... }`");
    }
    if (reached_ == Reached::kValue && open_.empty()) {
      const std::size_t first = separators_.empty() ? at_ : separators_.front();
      return problem("text after the end of the config", {first, run_end(text_, first)},
                     "the config ends where its first bracket closes; is one closed too early?");
    }
    if (Problem found = separators(); !found.what.empty()) return found;
    if (at_ == text_.size()) {
      const Position from = position(source_, open_.empty() ? 0 : open_.back().offset);
      return problem(fmt::format("the text ends, but the `{}` of line {}, column {} is not closed", bracket(false),
                                 from.line, from.column),
                     {at_, at_}, fmt::format("close it with `{}`", bracket(true)));
    }
    return key_expected() ? key() : value();
  }

 private:
  Problem problem(std::string what, Token token, std::string help) const {
    return {.what = std::move(what), .place = {&source_, token.begin, token.end}, .help = std::move(help)};
  }

  const char* bracket(bool closing) const {
    const bool list = !open_.empty() && open_.back().list;
    if (closing) return list ? "]" : "}";
    return list ? "[" : "{";
  }

  bool key_expected() const {
    return !open_.empty() && !open_.back().list && (reached_ == Reached::kOpen || reached_ == Reached::kValue);
  }

  bool at_closing() const { return at_ < text_.size() && (text_[at_] == '}' || text_[at_] == ']'); }

  /// A missing, doubled or wrong comma or colon; an empty problem when these are right.
  Problem separators() const {
    const char needed = reached_ == Reached::kKey ? ':' : reached_ == Reached::kValue ? ',' : '\0';
    if (needed == '\0' || (!separators_.empty() && text_[separators_.front()] != needed) || separators_.size() > 1) {
      if (separators_.empty()) return {};
      const bool first_is_right = needed != '\0' && text_[separators_.front()] == needed;
      const std::size_t wrong = first_is_right ? separators_[1] : separators_.front();
      const char* help = needed == ':' ? "a key is followed by one `:` and its value"
                                       : "one `,` stands between two values, none before the first";
      return problem(fmt::format("a `{}` that does not belong here", text_[wrong]), {wrong, wrong + 1}, help);
    }
    if (!separators_.empty()) {
      if (needed == ',' && at_closing()) {
        return problem(fmt::format("a comma before `{}`", text_[at_]), {separators_.front(), separators_.front() + 1},
                       "remove it: JSON has no trailing commas");
      }
      return {};
    }
    if (at_ == text_.size()) return {};
    if (needed == ':') {
      return problem("a `:` is missing after this key", last_, "a key is followed by `:` and its value");
    }
    if (at_closing()) {
      return problem(fmt::format("`{}` closes what `{}` opened", text_[at_], bracket(false)), {at_, at_ + 1},
                     fmt::format("close it with `{}`", bracket(true)));
    }
    if (at_ == last_.end &&
        (text_[last_.begin] == '-' || std::isalnum(static_cast<unsigned char>(text_[last_.begin])) != 0))
      return word({last_.begin, run_end(text_, last_.begin)});
    if (text_[at_] == '#') return comment();
    return problem("a comma is missing before this", {at_, std::max(at_ + 1, token_end(text_, at_))},
                   "write `,` between two values");
  }

  Problem comment() const { return problem("comments begin with `//` here", {at_, at_ + 1}, "or stand in `/* */`"); }

  Problem single_quotes() const {
    return problem("text is written in double quotes", {at_, at_ + 1}, "write \"...\" instead of '...'");
  }

  Problem key() const {
    const char c = text_[at_];
    if (c == '"') return broken_string();
    if (c == '\'') return single_quotes();
    if (c == '#') return comment();
    const Token run{at_, run_end(text_, at_)};
    if (is_word(c)) {
      return problem(fmt::format("keys are written in double quotes"), run,
                     fmt::format("write \"{}\"",
                                 text_.substr(run.begin, std::min<std::size_t>(run.end - run.begin, 40))));
    }
    return problem("a key is expected here", run, "a key is text in double quotes, followed by `:` and its value");
  }

  Problem value() const {
    const char c = text_[at_];
    if (c == '"') return broken_string();
    if (c == '\'') return single_quotes();
    if (c == '#') return comment();
    if (at_closing()) return problem("a value is missing here", {at_, at_ + 1}, "give one, or remove the key");
    return word({at_, run_end(text_, at_)});
  }

  /// Something that is no JSON value.
  Problem word(Token run) const {
    std::string lower;
    for (const char c : text_.substr(run.begin, std::min<std::size_t>(run.end - run.begin, 40))) {
      lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const std::string shown = as_key(text_.substr(run.begin, run.end - run.begin));
    if (lower.find("nan") != std::string::npos || lower.find("inf") != std::string::npos) {
      return problem(fmt::format("{} is not a number", shown), run, "a config holds finite numbers only");
    }
    for (const auto& [theirs, ours] : {std::pair{"true", "true"},
                                       {"false", "false"},
                                       {"none", "null"},
                                       {"null", "null"},
                                       {"yes", "true"},
                                       {"no", "false"},
                                       {"on", "true"},
                                       {"off", "false"}}) {
      if (lower == theirs) return problem(fmt::format("{} is not JSON", shown), run, fmt::format("write `{}`", ours));
    }
    const char first = text_[run.begin];
    if (is_digit(first) || first == '-' || first == '+' || first == '.') {
      return problem(fmt::format("{} is not a JSON number", shown), run,
                     "digits on both sides of the point, no leading `+` or zeros: 0.5, 10, 1e-3");
    }
    if (is_word(first)) return problem(fmt::format("{} is not JSON", shown), run, "text is written in double quotes");
    return problem(fmt::format("{} is not JSON", shown), run, "a value is expected here");
  }

  Problem broken_string() const {
    const std::size_t line_end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    if (read_until_ >= line_end) {
      return problem("a text without a closing quote", {at_, line_end},
                     "close it with `\"` on the same line; a line break inside is written \\n");
    }
    const auto byte = static_cast<unsigned char>(text_[read_until_]);
    if (byte < 0x20U) {
      return problem(fmt::format("a raw control character (code {}) in a text", byte), {read_until_, read_until_ + 1},
                     byte == '\t' ? "a tab is written \\t" : fmt::format("write \\u{:04x}", byte));
    }
    const std::size_t backslash = text_.rfind('\\', read_until_);
    return problem("an escape that JSON does not know", {backslash, std::max(read_until_, backslash + 2)},
                   "a backslash is written \\\\; the others are \\\" \\/ \\b \\f \\n \\r \\t and \\uXXXX");
  }

  const Source& source_;
  std::string_view text_;
  Token last_;
  Reached reached_;
  std::size_t read_until_;
  const std::vector<OpenBracket>& open_;
  std::size_t at_ = 0;                   // the first token after the accepted ones
  std::vector<std::size_t> separators_;  // commas and colons before it
};

}  // namespace

Cursor::Cursor(std::string_view text, std::size_t begin) : text_(text), origin_(begin) {
  if (begin == 0 && text.starts_with(kByteOrderMark)) begin = kByteOrderMark.size();
  last_ = {begin, begin};
}

Token Cursor::take() {
  std::size_t at = skip_blanks(text_, last_.end);
  while (at < text_.size() && (text_[at] == ',' || text_[at] == ':')) at = skip_blanks(text_, at + 1);
  last_ = {at, token_end(text_, at)};
  return last_;
}

Problem explain_syntax_error(const Source& source, const Cursor& cursor, Reached reached, std::size_t read_until,
                             const std::vector<OpenBracket>& open) {
  return Explanation(source, cursor.last(), reached, read_until, open).find();
}

}  // namespace headlight::config::schema
