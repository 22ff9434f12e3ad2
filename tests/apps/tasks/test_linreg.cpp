#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/linreg.h"
#include "core/error.h"
#include "tests/apps/tasks/drawing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

LinregOptions linreg_options(std::size_t dimensions, std::size_t points, double noise = 0) {
  return {.dimensions = dimensions, .points = {points, points, {points + 4}}, .noise = noise, .eval_examples = 4000};
}

/// Coordinate `i` of vector `position`.
double at(const Example& example, std::size_t width, std::size_t position, std::size_t i) {
  return example.vectors[position * width + i];
}

}  // namespace

TEST_CASE("The values of linreg are one linear function of its points, and stand behind them") {
  const Linreg task(linreg_options(2, 6));
  CHECK(task.shape().features == 2);
  CHECK(task.shape().values == 1);
  CHECK(task.shape().length == 20);
  for (const Example& example : drawn_many(task, Split::train, 100)) {
    REQUIRE(example.vectors.size() == 24);
    REQUIRE(example.target.size() == 12);
    REQUIRE(example.values.size() == 12);
    CHECK(example.size == 6);
    // w from the first two points, by Cramer's rule.
    const double a = at(example, 2, 0, 0);
    const double b = at(example, 2, 0, 1);
    const double c = at(example, 2, 2, 0);
    const double d = at(example, 2, 2, 1);
    const double determinant = a * d - b * c;
    const double w0 = (example.values[0] * d - b * example.values[2]) / determinant;
    const double w1 = (a * example.values[2] - c * example.values[0]) / determinant;
    for (std::size_t point = 0; point < 6; ++point) {
      const double y = w0 * at(example, 2, 2 * point, 0) + w1 * at(example, 2, 2 * point, 1);
      // Rounding of 1e-16 grows with what the determinant divides by.
      CHECK(example.values[2 * point] == Approx(y).margin(1e-13 / std::abs(determinant)));
      CHECK(at(example, 2, 2 * point + 1, 0) == example.values[2 * point]);
      CHECK(at(example, 2, 2 * point + 1, 1) == 0);
      CHECK(example.target[2 * point] == 0);
      CHECK(example.target[2 * point + 1] == kIgnoredTarget);
    }
  }
}

TEST_CASE("Points are standard normal, and values have variance d plus that of the noise") {
  constexpr double kExamples = 4000;
  const auto moments = [](const Linreg& task, bool of_value) {
    double mean = 0;
    double square = 0;
    // The first point of each example, because values of one example share a w.
    for (const Example& example : drawn_many(task, Split::eval, 4000)) {
      const double x = of_value ? example.values[0] : example.vectors[0];
      mean += x / kExamples;
      square += x * x / kExamples;
    }
    return std::pair(mean, square);
  };
  // Five standard errors. x: 1 / sqrt(n), sqrt(2 / n).
  const auto [x_mean, x_square] = moments(Linreg(linreg_options(3, 2)), false);
  CHECK(std::abs(x_mean) < 5 / std::sqrt(kExamples));
  CHECK(std::abs(x_square - 1) < 5 * std::sqrt(2 / kExamples));
  // y = w . x in three dimensions: variance 3; fourth moment 3 * (9 - 3) + 3 * 9 = 45, so 45 - 9 of its square.
  const auto [y_mean, y_square] = moments(Linreg(linreg_options(3, 2)), true);
  CHECK(std::abs(y_mean) < 5 * std::sqrt(3 / kExamples));
  CHECK(std::abs(y_square - 3) < 5 * std::sqrt(36 / kExamples));
  // y = w x + 2 e: variance 5; fourth moment 9 + 6 * 4 + 16 * 3 = 81, so 81 - 25 of its square.
  const auto [noisy_mean, noisy_square] = moments(Linreg(linreg_options(1, 2, 2)), true);
  CHECK(std::abs(noisy_mean) < 5 * std::sqrt(5 / kExamples));
  CHECK(std::abs(noisy_square - 5) < 5 * std::sqrt(56 / kExamples));
}

TEST_CASE("Fewer dimensions and other numbers of points can be asked for") {
  const Linreg task(linreg_options(4, 3));
  Example made;
  task.example({.split = Split::train, .index = 7, .length = 5, .dimensions = 2}, made);
  CHECK(made.size == 5);
  REQUIRE(made.vectors.size() == 40);
  for (std::size_t point = 0; point < 5; ++point) {
    CHECK(at(made, 4, 2 * point, 0) != 0);
    CHECK(at(made, 4, 2 * point, 1) != 0);
    CHECK(at(made, 4, 2 * point, 2) == 0);
    CHECK(at(made, 4, 2 * point, 3) == 0);
    CHECK(made.values[2 * point] != 0);
  }
  CHECK(message_of<ConfigError>([&] { task.example({.split = Split::train, .index = 7, .dimensions = 5}, made); }) ==
        "linreg: there is no example of 5 dimensions; the task has 4");
  CHECK_THROWS_AS(drawn(task, Split::train, 0, 8), ConfigError);
  CHECK(message_of<ConfigError>([] { Linreg(linreg_options(0, 3)); }) ==
        "linreg: dimensions and points must be at least 1, and noise 0 or more; 0 dimensions, 3 points, noise 0");
  CHECK_THROWS_AS(Linreg(linreg_options(2, 3, -1)), ConfigError);
}

TEST_CASE("An example of linreg is a pure function of seed, split and index") {
  check_determinism([](std::uint64_t train, std::uint64_t eval) {
    LinregOptions options = linreg_options(3, 4);
    options.seeds = {train, eval};
    return Linreg(options);
  });
}

TEST_CASE("A value of linreg reads its point") {
  const Linreg task(linreg_options(2, 3));
  CHECK(task.reports_positions());
  CHECK(task.patterns().at(0).name == "own_point");
  const Example example = drawn(task, Split::eval, 0);
  CHECK(keys_of(task, example, 3) == std::vector<std::size_t>{2});
  CHECK(keys_of(task, example, 2).empty());
  CHECK(keys_of(task, example, 7).empty());
}
