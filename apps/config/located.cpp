#include "apps/config/located.h"

#include <fmt/format.h>

#include <unordered_map>

#include <nlohmann/json.hpp>

#include "apps/config/syntax.h"

namespace headlight::config::schema {

namespace {

constexpr int kOverflowId = 406;          // nlohmann's id of "number overflow"
constexpr int kOverflowsReadAround = 32;  // numbers like 1e999 that one text may hold before reading stops at them

/// Builds Nodes from nlohmann's events. The library says what the text means but not where: the cursor walks the same
/// text one token per event, so each token's place is exact.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(const Source& source, std::size_t begin, const std::unordered_map<std::size_t, std::size_t>& overflows,
          std::vector<Problem>& problems)
      : source_(source), cursor_(source.text, begin), overflows_(overflows), problems_(problems) {}

  bool null() override { return add(Node::Kind::kNull, {}); }
  bool boolean(bool value) override { return add(Node::Kind::kBoolean, value); }
  bool number_integer(number_integer_t value) override { return add(Node::Kind::kNumber, std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(INT64_MAX)) return number_integer(static_cast<number_integer_t>(value));
    return add(Node::Kind::kNumber, static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t& /*written*/) override {
    return add(Node::Kind::kNumber, value);
  }
  bool string(string_t& value) override { return add(Node::Kind::kText, std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Node::Kind::kObject); }
  bool start_array(std::size_t /*size*/) override { return open(Node::Kind::kList); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const Token token = cursor_.take();
    reached_ = Reached::kKey;
    key_ = {&source_, token.begin, token.end};
    key_name_ = std::move(name);
    Frame& frame = open_.back();
    const auto [earlier, is_new] = frame.names.emplace(key_name_, token.begin);
    duplicate_ = !is_new;
    if (duplicate_) {
      const Position first = position(source_, earlier->second);
      problems_.push_back(
          {.what = fmt::format("key {} appears twice in the same object", as_key(key_name_)),
           .place = key_,
           .help = fmt::format("the first one is at line {}, column {}: keep one of them", first.line, first.column)});
    }
    return true;
  }

  bool parse_error(std::size_t read, const std::string& /*token*/, const nlohmann::detail::exception& error) override {
    if (error.id == kOverflowId) {
      overflow_ = cursor_.take();
      return false;
    }
    std::vector<OpenBracket> brackets;
    for (const Frame& frame : open_) {
      brackets.push_back({.offset = frame.node->value.begin, .list = frame.node->kind == Node::Kind::kList});
    }
    problems_.push_back(
        explain_syntax_error(source_, cursor_, reached_, cursor_.origin() + (read == 0 ? 0 : read - 1), brackets));
    return false;
  }

  Node& root() { return root_; }
  const std::optional<Token>& overflow() const { return overflow_; }

 private:
  struct Frame {
    Node* node;
    std::unordered_map<std::string, std::size_t> names;  // key -> offset of its first use
  };

  /// The place for the next value. Parents on the stack never move while they are open: only their children grow.
  Node& next(Token token) {
    Node* node = &root_;
    if (!open_.empty()) node = &open_.back().node->children.emplace_back();
    node->value = {&source_, token.begin, token.end};
    node->key = node->value;
    if (!open_.empty() && open_.back().node->kind == Node::Kind::kObject) {
      node->name = std::move(key_name_);
      node->key = key_;
      node->duplicate = duplicate_;
    }
    return *node;
  }

  bool add(Node::Kind kind, decltype(Node::scalar) scalar) {
    const Token token = cursor_.take();
    Node& node = next(token);
    node.kind = kind;
    reached_ = Reached::kValue;
    const auto replaced = overflows_.find(token.begin);
    if (replaced != overflows_.end()) {
      node.overflow = true;
      node.value.end = replaced->second;
    } else {
      node.scalar = std::move(scalar);
    }
    return true;
  }

  bool open(Node::Kind kind) {
    const Token token = cursor_.take();
    if (open_.size() == kDeepestNesting) {
      problems_.push_back({.what = fmt::format("objects and lists are nested deeper than {} levels", kDeepestNesting),
                           .place = {&source_, token.begin, token.end},
                           .help = "no key needs such a depth"});
      return false;
    }
    Node& node = next(token);
    node.kind = kind;
    reached_ = Reached::kOpen;
    open_.push_back({.node = &node, .names = {}});
    return true;
  }

  bool close() {
    open_.back().node->value.end = cursor_.take().end;
    open_.pop_back();
    reached_ = Reached::kValue;
    return true;
  }

  const Source& source_;
  Cursor cursor_;
  Reached reached_ = Reached::kStart;
  const std::unordered_map<std::size_t, std::size_t>& overflows_;
  std::vector<Problem>& problems_;
  Node root_;
  std::vector<Frame> open_;
  std::string key_name_;
  Place key_;
  bool duplicate_ = false;
  std::optional<Token> overflow_;
};

/// What the JSON library would pass over in silence: bytes that are not text, and NUL, which it takes for the end.
std::optional<Problem> check_characters(const Source& source, std::size_t begin) {
  const std::string_view text = source.text;
  if (const std::size_t at = find_invalid_utf8(text); at != std::string_view::npos) {
    return Problem{.what = "the text is not UTF-8",
                   .place = {&source, at, at + 1},
                   .help = "save the file as UTF-8 (an older 8-bit encoding or UTF-16 looks like this)"};
  }
  if (const std::size_t at = text.find('\0', begin); at != std::string_view::npos) {
    return Problem{.what = "a NUL byte in the text", .place = {&source, at, at + 1}, .help = "remove it"};
  }
  return std::nullopt;
}

}  // namespace

const Node* Node::find(std::string_view child) const {
  for (const Node& node : children) {
    if (!node.duplicate && node.name == child) return &node;
  }
  return nullptr;
}

Node* Node::find(std::string_view child) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(child));  // NOLINT: the one shared implementation
}

std::optional<double> Node::number() const {
  if (const auto* integer = std::get_if<std::int64_t>(&scalar)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&scalar)) return *real;
  return std::nullopt;
}

std::optional<Node> read_located(const Source& source, std::size_t begin, Comments comments,
                                 std::vector<Problem>& problems) {
  if (auto problem = check_characters(source, begin)) {
    problems.push_back(std::move(*problem));
    return std::nullopt;
  }
  // The library stops at a number beyond the range of a double. To report it beside the other problems, the text is
  // read again with a 0 of the same length in its place.
  std::string text = source.text.substr(begin);
  std::unordered_map<std::size_t, std::size_t> overflows;
  while (true) {
    std::vector<Problem> found;
    Builder builder(source, begin, overflows, found);
    const bool complete =
        nlohmann::json::sax_parse(text.begin(), text.end(), &builder, nlohmann::json::input_format_t::json, true,
                                  comments == Comments::kAllowed);
    if (builder.overflow() && overflows.size() < kOverflowsReadAround) {
      const Token token = *builder.overflow();
      overflows.emplace(token.begin, token.end);
      text.replace(token.begin - begin, token.end - token.begin, token.end - token.begin, ' ');
      text[token.begin - begin] = '0';
      continue;
    }
    if (builder.overflow()) {
      found.push_back({.what = "too many numbers beyond the range of a double",
                       .place = {&source, builder.overflow()->begin, builder.overflow()->end},
                       .help = "correct them first"});
    }
    problems.insert(problems.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    if (!complete) return std::nullopt;
    return std::move(builder.root());
  }
}

}  // namespace headlight::config::schema
