// What the compiler must get right and once did not: see HeadlightOptions.cmake on g++ 12 and constant aggregates.
#include <cstddef>

#include <catch2/catch.hpp>

// Optimised as the library is, in CMakeLists.txt, and called as if from another file: else g++ never makes the mistake.
namespace {

struct FourWords {
  std::size_t a = 1, b = 1, c = 0, d = 0;
};

[[gnu::noipa]] std::size_t digits(const int& base, FourWords words = {}) {
  const auto b = static_cast<std::size_t>(base);
  return ((words.a * b + words.b) * b + words.c) * b + words.d;
}

}  // namespace

TEST_CASE("a constant aggregate of four words passed by value arrives as it is") {
  volatile int ten = 10;  // not known to the compiler, so that the call is made
  const int base = ten;
  CHECK(digits(base) == 1100);
}
