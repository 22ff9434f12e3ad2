#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace headlight {

/// Base of everything that Headlight throws on purpose. A message has one form:
/// `where: what is wrong; the shapes or values; what to do`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes, axes or sizes that do not fit together.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A configuration or an option that cannot mean anything.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read or written, or whose content is damaged.
class FileError : public Error {
 public:
  using Error::Error;
};

/// NaN or infinity where a finite number must stand.
class NumericError : public Error {
 public:
  using Error::Error;
};

/// An object used in a state that forbids it: a released graph, a gradient that never came.
class StateError : public Error {
 public:
  using Error::Error;
};

/// Joins the parts of a message: `where: what; values; remedy` (empty parts are left out).
std::string message(std::string_view where, std::string_view what, std::string_view values, std::string_view remedy);

/// Throws E with the joined message.
template <class E>
[[noreturn]] void raise(std::string_view where, std::string_view what, std::string_view values = {},
                        std::string_view remedy = {}) {
  throw E(message(where, what, values, remedy));
}

}  // namespace headlight
