#include <catch2/catch.hpp>

#include "core/error.h"

namespace headlight {

TEST_CASE("A message joins its parts and leaves out those that are empty") {
  CHECK(message("op", "what", "values", "remedy") == "op: what; values; remedy");
  CHECK(message("op", "what", "", "remedy") == "op: what; remedy");
  CHECK(message("op", "what", "values", "") == "op: what; values");
  CHECK(message("op", "what", "", "") == "op: what");
}

TEST_CASE("raise throws the named error, which is an Error and a runtime_error") {
  CHECK_THROWS_AS(raise<ShapeError>("op", "what"), ShapeError);
  CHECK_THROWS_AS(raise<ConfigError>("op", "what"), ConfigError);
  CHECK_THROWS_AS(raise<FileError>("op", "what"), FileError);
  CHECK_THROWS_AS(raise<NumericError>("op", "what"), NumericError);
  CHECK_THROWS_AS(raise<StateError>("op", "what"), StateError);
  CHECK_THROWS_AS(raise<StateError>("op", "what"), Error);
  CHECK_THROWS_AS(raise<StateError>("op", "what"), std::runtime_error);
  CHECK_THROWS_WITH(raise<ShapeError>("add", "no", "(2) and (3)", "reshape"), "add: no; (2) and (3); reshape");
}

}  // namespace headlight
