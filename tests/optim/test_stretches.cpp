// Parameters longer than the 8,192 elements that an optimiser updates at a time: every element is updated once, with its
// own gradient and memory.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "optim/adafactor.h"
#include "optim/adam.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "optim/rmsprop.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
#include "tests/optim/labelled.h"
#include "tests/optim/saved_training.h"

using namespace headlight;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;
using headlight::testing::Make;
using headlight::testing::maker;

namespace {

// 20,000 elements: two whole stretches and a part of a third.
constexpr std::size_t kRows = 100;
constexpr std::size_t kCols = 200;
constexpr std::size_t kSize = kRows * kCols;
// Parts of another length, so that no cut of theirs lies where the optimiser cuts.
constexpr std::size_t kPart = 2500;
constexpr std::size_t kSteps = 3;

Array start() { return drawn({kRows, kCols}, -1, 1, 1); }
Array gradient(std::size_t step) { return drawn({kRows, kCols}, -1, 1, 2 + step); }

Array part_of(const Array& whole, std::size_t part) {
  Array piece = uninitialized({kPart, 1});
  std::copy_n(whole.data() + part * kPart, kPart, piece.data());
  return piece;
}

/// The weights after the steps, and those to evaluate with.
std::vector<Array> trained(const Make& make, const std::vector<Tensor>& parameters,
                           const std::function<Array(const Array& whole, std::size_t i)>& share) {
  const std::unique_ptr<Optimizer> optimizer = make(parameters);
  for (std::size_t step = 0; step < kSteps; ++step) {
    optimizer->parameters().zero_grad();
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].backward(share(gradient(step), i));
    optimizer->step(1, 0.5);
  }
  std::vector<Array> all;
  for (const Tensor& parameter : parameters) all.push_back(parameter.value());
  const Optimizer::EvaluationWeights averaged(*optimizer);
  for (const Tensor& parameter : parameters) all.push_back(parameter.value());
  return all;
}

std::vector<double> doubles(const Array& a) { return {a.data(), a.data() + a.size()}; }

Array as_array(const std::vector<double>& values) {
  return by_index({kRows, kCols}, [&](const auto& i) { return values[i[0] * kCols + i[1]]; });
}

/// x y^T of row-major matrices (n, k) and (m, k), in plain loops.
std::vector<double> product(const std::vector<double>& x, const std::vector<double>& y, std::size_t n, std::size_t m,
                            std::size_t k) {
  std::vector<double> z(n * m, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) {
      for (std::size_t l = 0; l < k; ++l) z[i * m + j] += x[i * k + l] * y[j * k + l];
    }
  }
  return z;
}

/// Muon's polynomial of a matrix with fewer rows than columns: X <- a X + b A X + c A (A X) with A = X X^T.
std::vector<double> orthogonal(std::vector<double> x) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  for (double& value : x) value /= std::sqrt(squares);
  for (int step = 0; step < 5; ++step) {
    const std::vector<double> gram = product(x, x, kRows, kRows, kCols);
    // A (..) as a product with a transpose: A is symmetric.
    const auto times_gram = [&](const std::vector<double>& y) {
      std::vector<double> turned(y.size());
      for (std::size_t i = 0; i < kRows; ++i) {
        for (std::size_t j = 0; j < kCols; ++j) turned[j * kRows + i] = y[i * kCols + j];
      }
      return product(gram, turned, kRows, kCols, kRows);
    };
    const std::vector<double> once = times_gram(x);
    const std::vector<double> twice = times_gram(once);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 3.4445 * x[i] - 4.7750 * once[i] + 2.0315 * twice[i];
  }
  return x;
}

double root_mean_square(const std::vector<double>& x) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  return std::sqrt(squares / static_cast<double>(x.size()));
}

}  // namespace

TEST_CASE("a parameter of several stretches is updated as its parts are, to the byte") {
  // The rules that look at one element at a time. All parts have two axes, so decay acts on them too.
  const std::vector<std::pair<std::string, Make>> kinds{
      {"SGD", maker<Sgd>(SgdOptions{.common = {.l2 = 0.1}, .momentum = 0.9})},
      {"SGD with an average", maker<Sgd>(SgdOptions{.common = {.ema = 0.5}, .momentum = 0.9, .nesterov = true})},
      {"Adam", maker<Adam>(AdamOptions{.common = {.learning_rate = 0.01, .weight_decay = 0.1}})},
      {"RMSprop", maker<Rmsprop>(RmspropOptions{.momentum = 0.9, .centered = true})},
      {"Lion", maker<Lion>(LionOptions{.common = {.learning_rate = 0.01, .weight_decay = 0.1}})},
      {"schedule-free AdamW", maker<ScheduleFree>(ScheduleFreeOptions{.common = {.weight_decay = 0.1}})}};
  for (const auto& [name, make] : kinds) {
    INFO(name);
    std::vector<Tensor> parts;
    for (std::size_t i = 0; i < kSize / kPart; ++i) parts.push_back(labelled(part_of(start(), i), std::to_string(i)));
    const std::vector<Array> whole =
        trained(make, {labelled(start(), "whole")}, [](const Array& g, std::size_t) { return g; });
    const std::vector<Array> pieces = trained(make, parts, part_of);
    CHECK_FALSE(same_bytes(whole[0], start()));
    for (std::size_t i = 0; i < parts.size(); ++i) {
      INFO("part " << i);
      CHECK(same_bytes(part_of(whole[0], i), pieces[i]));
      CHECK(same_bytes(part_of(whole[1], i), pieces[parts.size() + i]));
    }
  }
}

TEST_CASE("Muon updates a matrix of several stretches as plain loops do") {
  const MuonOptions options{.common = {.learning_rate = 0.02, .weight_decay = 0.1}};
  const std::vector<Array> actual =
      trained(maker<Muon>(options), {labelled(start(), "whole")}, [](const Array& g, std::size_t) { return g; });
  std::vector<double> theta = doubles(start());
  std::vector<double> b(kSize, 0.0);
  for (std::size_t step = 0; step < kSteps; ++step) {
    std::vector<double> u = doubles(gradient(step));
    for (std::size_t i = 0; i < kSize; ++i) {
      const double g = 0.5 * u[i];
      b[i] = 0.95 * b[i] + 0.05 * g;
      u[i] = 0.05 * g + 0.95 * b[i];
    }
    const std::vector<double> o = orthogonal(u);
    for (std::size_t i = 0; i < kSize; ++i) theta[i] = theta[i] * (1 - 0.02 * 0.1) - 0.02 * o[i];
  }
  CHECK(difference(actual[0], as_array(theta), 0, sizeof(Real) == 8 ? 1e-13 : 2e-6) == "");
}

TEST_CASE("Adafactor updates a matrix of several stretches as plain loops do") {
  const AdafactorOptions options{.common = {.learning_rate = 0.5}};
  const std::vector<Array> actual =
      trained(maker<Adafactor>(options), {labelled(start(), "whole")}, [](const Array& g, std::size_t) { return g; });
  std::vector<double> theta = doubles(start());
  std::vector<double> rows(kRows, 0.0), columns(kCols, 0.0);
  for (std::size_t step = 0; step < kSteps; ++step) {
    std::vector<double> u = doubles(gradient(step));
    const double t = static_cast<double>(step + 1);
    const double fresh = std::pow(t, -0.8);
    std::vector<double> row_sums(kRows, 0.0), column_sums(kCols, 0.0);
    for (std::size_t i = 0; i < kSize; ++i) {
      u[i] *= 0.5;
      row_sums[i / kCols] += u[i] * u[i];
      column_sums[i % kCols] += u[i] * u[i];
    }
    double mean = 0;
    for (std::size_t i = 0; i < kRows; ++i) {
      rows[i] += fresh * (row_sums[i] / kCols - rows[i]);
      mean += rows[i] / kRows;
    }
    for (std::size_t i = 0; i < kCols; ++i) columns[i] += fresh * (column_sums[i] / kRows - columns[i]);
    for (std::size_t i = 0; i < kSize; ++i) u[i] /= std::sqrt(rows[i / kCols] * columns[i % kCols] / mean);
    const double share = root_mean_square(theta) * std::min(0.5, 1 / std::sqrt(t)) / std::max(1.0, root_mean_square(u));
    for (std::size_t i = 0; i < kSize; ++i) theta[i] -= share * u[i];
  }
  CHECK(difference(actual[0], as_array(theta), 0, sizeof(Real) == 8 ? 1e-13 : 5e-6) == "");
}
