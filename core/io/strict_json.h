#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"

/// JSON as RFC 8259 has it and no laxer: the library underneath keeps the last of two equal keys, stops at a NUL byte,
/// skips a byte order mark and builds any depth; all of these are errors here.
namespace headlight {

struct JsonLimits {
  std::size_t max_depth = 64;                           ///< nested objects and arrays; a bare number has depth 0
  std::size_t max_bytes = std::size_t{64} << 20;        ///< of the text
  std::size_t max_string_bytes = std::size_t{8} << 20;  ///< of one string as written
  bool comments = false;                                ///< allow // and /* */
};

/// A text that is not strict JSON. what() ends with the place; reason() and position() give the parts.
class JsonError : public FileError {
 public:
  JsonError(const std::string& text, std::string reason, std::size_t position)
      : FileError(text), reason_(std::move(reason)), position_(position) {}

  const std::string& reason() const { return reason_; }
  std::size_t position() const { return position_; }  ///< byte offset in the text

 private:
  std::string reason_;
  std::size_t position_;
};

/// Lines and columns count from 1; a column counts bytes.
struct TextPlace {
  std::size_t line;
  std::size_t column;
};
TextPlace place_in(std::string_view text, std::size_t position);

/// Throws JsonError: `where: reason; line l, column c (byte n)`.
[[noreturn]] void raise_json_error(std::string_view where, std::string_view text, std::size_t position,
                                   std::string_view reason);

/// What read_json() reports, in the order of the text. `position` is the offset of the token's first byte.
/// A handler may throw to stop. Duplicate keys are the handler's business: it may know a cheaper way than a set.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual void begin_object(std::size_t position) = 0;
  virtual void end_object(std::size_t position) = 0;
  virtual void begin_array(std::size_t position) = 0;
  virtual void end_array(std::size_t position) = 0;
  virtual void key(std::string& key, std::size_t position) = 0;
  virtual void string(std::string& value, std::size_t position) = 0;
  virtual void non_negative_integer(std::uint64_t value, std::size_t position) = 0;
  virtual void negative_integer(std::int64_t value, std::size_t position) = 0;
  virtual void real(double value, std::size_t position) = 0;  ///< has a point or exponent, or exceeds 64 bits
  virtual void boolean(bool value, std::size_t position) = 0;
  virtual void null(std::size_t position) = 0;
};

/// Reads the text and reports it piece by piece, in memory that does not grow with it.
/// `where` is the name in errors, usually the path. Throws JsonError.
void read_json(std::string_view text, const JsonLimits& limits, std::string_view where, JsonEvents& events);

/// The text as a value; duplicate keys are an error. Throws JsonError.
nlohmann::json parse_json(std::string_view text, const JsonLimits& limits, std::string_view where);

}  // namespace headlight
