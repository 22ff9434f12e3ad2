#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/error.h"
#include "core/io/npy.h"

namespace headlight {
namespace {

/// Reads the part of Python's literals that numpy writes: a dict of strings, True or False, and a tuple of integers.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  NpyHeader read() {
    expect('{');
    while (peek() != '}') {
      read_entry();
      if (peek() != '}') expect(',');
    }
    expect('}');
    if (peek() != '\0' || position_ != text_.size()) fail("there is text after the header's dict");
    if (seen_ != kAllKeys) fail("the header must have the keys descr, fortran_order and shape");
    return std::move(header_);
  }

 private:
  static constexpr unsigned kAllKeys = 7;

  void read_entry() {
    const std::string_view key = quoted();
    const unsigned bit = key == "descr" ? 1U : key == "fortran_order" ? 2U : key == "shape" ? 4U : 0U;
    if (bit == 0) fail(fmt::format("unknown header key `{}`", key.substr(0, 40)));
    if ((seen_ & bit) != 0) fail(fmt::format("the header key `{}` appears twice", key));
    seen_ |= bit;
    expect(':');
    if (bit == 1) {
      read_descr();
    } else if (bit == 2) {
      read_order();
    } else {
      read_shape();
    }
  }

  void read_descr() {
    if (peek() == '[') fail("structured types are not supported", "save one plain array per file");
    const std::string_view descr = quoted();
    const std::optional<DType> dtype = dtype_from_npy_descr(descr);
    if (dtype) {
      header_.dtype = *dtype;
      return;
    }
    const std::string what = fmt::format("unsupported type `{}`", descr.substr(0, 40));
    if (descr.find('O') != std::string_view::npos) fail(what, "Python objects run code when read; save plain numbers");
    if (descr.starts_with('>')) fail(what, "big-endian data; save it as little-endian");
    fail(what, "supported are |b1 |u1 |i1 <u2 <i2 <f2 <u4 <i4 <f4 <u8 <i8 <f8 <c8");
  }

  void read_order() {
    if (take("False")) return;
    if (take("True")) fail("the array is in column-major order", "save numpy.ascontiguousarray(array)");
    fail("fortran_order must be True or False");
  }

  void read_shape() {
    expect('(');
    while (peek() != ')') {
      if (header_.shape.size() == kMaxStoredRank) fail(fmt::format("more than {} axes", kMaxStoredRank));
      header_.shape.push_back(extent());
      // (5) is a number in parentheses, only (5,) is a tuple.
      if (peek() != ')' || header_.shape.size() == 1) expect(',');
    }
    expect(')');
  }

  std::uint64_t extent() {
    peek();
    std::uint64_t value = 0;
    const char* const begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range) fail("an extent of the shape overflows 64 bits");
    if (error != std::errc() || (end - begin > 1 && *begin == '0')) fail("shape must hold integers from 0");
    position_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  std::string_view quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a quoted text is expected");
    const std::size_t begin = position_ + 1;
    const std::size_t end = text_.find(quote, begin);
    if (end == std::string_view::npos) fail("a quoted text does not end");
    position_ = end + 1;
    return text_.substr(begin, end - begin);
  }

  bool take(std::string_view word) {
    peek();
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }

  void expect(char wanted) {
    if (peek() != wanted || position_ == text_.size()) fail(fmt::format("`{}` is expected", wanted));
    ++position_;
  }

  /// The next character after blanks, NUL at the end.
  char peek() {
    position_ = std::min(text_.find_first_not_of(" \n", position_), text_.size());
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  [[noreturn]] void fail(std::string_view what, std::string_view remedy = {}) const {
    raise<FileError>(where_, what, fmt::format("character {} of the npy header", position_), remedy);
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t position_ = 0;
  unsigned seen_ = 0;
  NpyHeader header_;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, std::string_view where) {
  // Version 3.0 would allow UTF-8, but only in the field names of structured types.
  const auto is_foreign = [](char c) { return c != '\n' && (c < 0x20 || c > 0x7e); };
  if (std::ranges::any_of(text, is_foreign)) raise<FileError>(where, "the npy header is not plain ASCII");
  if (!text.ends_with('\n')) raise<FileError>(where, "the npy header does not end with a newline");
  return HeaderReader(text, where).read();
}

}  // namespace headlight
