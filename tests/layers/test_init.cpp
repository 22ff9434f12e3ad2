// First weights: bounds and deviations of each scheme, and the same numbers in both precisions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"
#include "layers/init.h"

using namespace headlight;

namespace {

struct Moments {
  double mean = 0;
  double deviation = 0;
  double largest = 0;
};

Moments moments_of(const Array& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const Real value : flat(values)) m.mean += static_cast<double>(value) / n;
  for (const Real value : flat(values)) {
    const double x = static_cast<double>(value);
    m.deviation += (x - m.mean) * (x - m.mean) / n;
    m.largest = std::max(m.largest, std::abs(x));
  }
  m.deviation = std::sqrt(m.deviation);
  return m;
}

/// Uniform in +-bound. Five standard errors: of the mean deviation / sqrt(n), of the deviation itself (kurtosis 9/5)
/// deviation sqrt(0.2 / n). The bound is nearly reached: all n numbers below 0.99 bound has probability 0.99^n.
void check_uniform(const Initial& drawn, double bound, const std::string& description) {
  INFO(description);
  const Moments m = moments_of(drawn.value);
  const double deviation = bound / std::sqrt(3.0);
  const double root = std::sqrt(static_cast<double>(drawn.value.size()));
  CHECK(m.largest <= bound * (1 + 1e-7));
  CHECK(m.largest >= 0.99 * bound);
  CHECK(std::abs(m.mean) <= 5 * deviation / root);
  CHECK(std::abs(m.deviation - deviation) <= 5 * deviation * std::sqrt(0.2) / root);
  CHECK(drawn.description == description);
}

/// Normal: of the deviation (kurtosis 3) the standard error is deviation / sqrt(2 n).
void check_normal(const Initial& drawn, double deviation, const std::string& description) {
  INFO(description);
  const Moments m = moments_of(drawn.value);
  const double root = std::sqrt(static_cast<double>(drawn.value.size()));
  CHECK(std::abs(m.mean) <= 5 * deviation / root);
  CHECK(std::abs(m.deviation - deviation) <= 5 * deviation / root / std::sqrt(2.0));
  CHECK(m.largest > 3 * deviation);
  CHECK(drawn.description == description);
}

void check_zeros(const Initial& drawn) {
  CHECK(std::all_of(drawn.value.begin(), drawn.value.end(), [](Real x) { return x == 0; }));
  CHECK(drawn.description == "zeros");
}

}  // namespace

TEST_CASE("xavier_uniform has the bound sqrt(6 / (in + out)) for every role, and no biases") {
  Init init(1, {.scheme = InitScheme::xavier_uniform});
  // sqrt(6 / 500)
  for (const WeightRole role : {WeightRole::dense, WeightRole::attention_input, WeightRole::attention_output}) {
    check_uniform(init.weight(300, 200, role), 0.10954451150103323, "xavier_uniform +-0.1095");
  }
  check_uniform(init.embedding(100, 50), 0.2, "xavier_uniform +-0.2");
  // Fans 30 * 5 and 90 * 5: sqrt(6 / 600).
  check_uniform(init.conv_weight(90, 30, 5), 0.1, "xavier_uniform +-0.1");
  check_zeros(init.bias(300, 200));
}

TEST_CASE("torch has PyTorch's bounds: 1 / sqrt(in), Xavier for the packed projections, N(0, 1) embeddings") {
  Init init(2, {.scheme = InitScheme::torch});
  // nn.Linear: kaiming_uniform(a = sqrt(5)) is U(+-1 / sqrt(in)), its bias alike.
  check_uniform(init.weight(300, 100), 0.1, "uniform +-0.1");
  check_uniform(init.bias(3000, 100), 0.1, "uniform +-0.1");
  check_uniform(init.weight(300, 400, WeightRole::feed_forward_output), 0.05, "uniform +-0.05");
  check_uniform(init.bias(3000, 400, WeightRole::feed_forward_output), 0.05, "uniform +-0.05");
  // nn.MultiheadAttention: xavier_uniform with each matrix's own fans, out_proj as nn.Linear but without bias.
  check_uniform(init.weight(300, 300, WeightRole::attention_input), 0.1, "xavier_uniform +-0.1");
  check_uniform(init.weight(300, 100, WeightRole::attention_output), 0.1, "uniform +-0.1");
  check_zeros(init.bias(300, 300, WeightRole::attention_input));
  check_zeros(init.bias(300, 100, WeightRole::attention_output));
  check_normal(init.embedding(100, 200), 1, "normal std 1");
}

TEST_CASE("normal, scaled_normal and keras have their deviations") {
  Init normal(3, {.scheme = InitScheme::normal, .std = 0.02});
  check_normal(normal.weight(200, 100), 0.02, "normal std 0.02");
  check_normal(normal.embedding(200, 100), 0.02, "normal std 0.02");
  check_zeros(normal.bias(7, 100));
  Init scaled(4, {.scheme = InitScheme::scaled_normal});
  check_normal(scaled.weight(200, 100), 0.1, "normal std 0.1");
  check_normal(scaled.embedding(300, 25), 0.2, "normal std 0.2");
  check_zeros(scaled.bias(7, 100));
  Init keras(5, {.scheme = InitScheme::keras});
  check_uniform(keras.weight(400, 200), 0.1, "xavier_uniform +-0.1");
  check_uniform(keras.embedding(100, 50), 0.05, "uniform +-0.05");
  check_zeros(keras.bias(7, 100));
}

TEST_CASE("embedding_std and head_std replace what the scheme says of embeddings and of the head, and nothing else") {
  Init init(8, {.scheme = InitScheme::scaled_normal, .embedding_std = 0.02, .head_std = 0.3});
  check_normal(init.embedding(300, 25), 0.02, "normal std 0.02");
  check_normal(init.positions(300, 25), 0.2, "normal std 0.2");
  check_normal(init.weight(200, 100, WeightRole::head), 0.3, "normal std 0.3");
  check_normal(init.weight(200, 100, WeightRole::vector_input), 0.02, "normal std 0.02");
  check_normal(init.weight(200, 100), 0.1, "normal std 0.1");
  check_normal(init.weight(200, 100, WeightRole::attention_output), 0.1, "normal std 0.1");
  Init plain(8, {.scheme = InitScheme::scaled_normal});
  check_normal(plain.weight(200, 100, WeightRole::head), 0.1, "normal std 0.1");
}

TEST_CASE("weights that write to the residual stream are scaled by 1 / sqrt(writes)") {
  Init init(6, {.scheme = InitScheme::normal, .std = 0.02, .residual_writes = 16});
  check_normal(init.weight(200, 100, WeightRole::attention_output), 0.005, "normal std 0.005");
  check_normal(init.weight(200, 100, WeightRole::feed_forward_output), 0.005, "normal std 0.005");
  check_normal(init.weight(200, 100, WeightRole::attention_input), 0.02, "normal std 0.02");
  check_normal(init.weight(200, 100), 0.02, "normal std 0.02");
  Init torch(7, {.scheme = InitScheme::torch, .residual_writes = 4});
  check_uniform(torch.weight(300, 100, WeightRole::attention_output), 0.05, "uniform +-0.05");
}

TEST_CASE("vectors are drawn each as the weight of one output, however many there are") {
  // Fans 299 and 1: sqrt(6 / 300); PyTorch's and the scaled normal scheme read the inputs alone, of which 400 and 100.
  Init init(9, {.scheme = InitScheme::xavier_uniform});
  check_uniform(init.vectors(10, 299), 0.1414213562373095, "xavier_uniform +-0.1414");
  check_uniform(init.vectors(100, 299), 0.1414213562373095, "xavier_uniform +-0.1414");
  CHECK(init.vectors(3, 5).value.shape() == Shape{3, 5});
  Init torch(10, {.scheme = InitScheme::torch});
  check_uniform(torch.vectors(10, 400), 0.05, "uniform +-0.05");
  Init scaled(11, {.scheme = InitScheme::scaled_normal});
  check_normal(scaled.vectors(50, 100), 0.1, "normal std 0.1");
}

TEST_CASE("what would not fit into memory is refused before any is asked for, with count and bytes") {
  const std::size_t each = 2 * sizeof(Real);  // a value and its gradient
  Init small(1, {.memory = 100 * each});
  CHECK(small.weight(6, 10).value.size() == 60);
  CHECK(small.ones(40).value.size() == 40);
  CHECK_THROWS_WITH(small.zeros(1),
                    fmt::format("parameters: it would not fit into the memory of this machine; 101 numbers and their "
                                "gradients need {} bytes of {}; make the sizes smaller",
                                101 * each, 100 * each));
  Init other(1, {.memory = 99 * each});
  CHECK_THROWS_AS(other.embedding(10, 10), ConfigError);
  CHECK_THROWS_AS(other.conv_weight(5, 5, 4), ConfigError);
  CHECK_THROWS_AS(other.bias(100, 1), ConfigError);
  CHECK_THROWS_AS(other.reserve({4, 5, 5}), ConfigError);
  // By default the limit is the machine's memory; no machine holds 2^62 numbers.
  const std::size_t huge = std::size_t{1} << 31U;
  Init machine(1);
  CHECK_THROWS_WITH(machine.weight(huge, huge),
                    Catch::StartsWith("parameters: it would not fit into the memory of this "
                                      "machine; 4611686018427387904 numbers"));
  CHECK(machine.weight(2, 2).value.size() == 4);
}

TEST_CASE("gains begin at one and both precisions draw the same numbers") {
  Init init(8);
  const Initial ones = init.ones(3);
  CHECK(std::all_of(ones.value.begin(), ones.value.end(), [](Real x) { return x == 1; }));
  CHECK(ones.description == "ones");
  // The n-th draw is a function of seed and n alone, taken in double: here draws 0 and 1 (ones draw nothing).
  std::vector<double> uniform(12), normal(12);
  fill_uniform(uniform, -1, 1, {8, stream_id("init"), 0});
  const Initial first = init.weight(2, 4);  // sqrt(6 / 6)
  for (std::size_t i = 0; i < 8; ++i) CHECK(first.value.data()[i] == static_cast<Real>(uniform[i]));
  Init other(8, {.scheme = InitScheme::torch});
  other.weight(1, 1);
  fill_normal(normal, 0, 1, {8, stream_id("init"), 1});
  const Initial second = other.embedding(3, 4);
  for (std::size_t i = 0; i < 12; ++i) CHECK(second.value.data()[i] == static_cast<Real>(normal[i]));
}
