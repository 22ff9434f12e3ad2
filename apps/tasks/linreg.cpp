#include "apps/tasks/linreg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace headlight {

Linreg::Linreg(const LinregOptions& options) : options_(options) {
  if (options.dimensions > 0 && options.points.least > 0 && options.points.least == options.points.most &&
      options.noise >= 0 && std::isfinite(options.noise)) {
    return;
  }
  raise<ConfigError>("linreg", "dimensions and points must be at least 1, and noise 0 or more",
                     fmt::format("{} dimensions, {} points, noise {}", options.dimensions, options.points.least,
                                 options.noise));
}

TaskShape Linreg::shape() const {
  const std::size_t positions = 2 * options_.points.longest();
  return {.features = options_.dimensions, .values = 1, .length = positions, .target_length = positions};
}

std::optional<std::uint64_t> Linreg::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

void Linreg::example(const ExampleRequest& request, Example& example) const {
  check_index("linreg", *this, request);
  const std::size_t width = options_.dimensions;
  const std::size_t used = request.dimensions.value_or(width);
  if (used == 0 || used > width) {
    raise<ConfigError>("linreg", fmt::format("there is no example of {} dimensions", used),
                       fmt::format("the task has {}", width));
  }
  Random random = example_random("linreg", request, options_.seeds);
  example.clear();
  const std::size_t points = options_.points.drawn(random, request, "linreg");
  example.size = points;
  example.vectors.assign(2 * points * width, 0.0);
  example.target.assign(2 * points, kIgnoredTarget);
  example.values.assign(2 * points, 0.0);
  std::vector<double> weights(used);
  for (double& weight : weights) weight = random.normal();
  for (std::size_t point = 0; point < points; ++point) {
    double* const x = example.vectors.data() + 2 * point * width;
    double y = 0;
    for (std::size_t i = 0; i < used; ++i) {
      x[i] = random.normal();
      y += weights[i] * x[i];
    }
    if (options_.noise > 0) y += options_.noise * random.normal();
    x[width] = y;
    example.target[2 * point] = 0;
    example.values[2 * point] = y;
  }
}

std::vector<AttentionPattern> Linreg::patterns() const {
  return {{.name = "own_point", .block = "dec.self", .doc = "the point of a value"}};
}

void Linreg::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                        std::vector<std::size_t>& keys) const {
  if (query < example.target.size() && query % 2 == 1) keys.push_back(query - 1);
}

}  // namespace headlight
