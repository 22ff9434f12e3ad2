// Rules that look at a whole parameter: Muon's orthogonalisation, Adafactor's factors, and steps of steady state.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/pool.h"
#include "optim/adafactor.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "tests/common/arrays.h"
#include "tests/core/run/threads.h"
#include "tests/optim/labelled.h"

using namespace headlight;
using headlight::testing::by_index;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

Array orthogonal(Array x) {
  const std::size_t rows = x.shape()[0], cols = x.shape()[1];
  Array scratch = uninitialized({orthogonalize_scratch(rows, cols)});
  orthogonalize({x.data(), rows, cols, cols}, scratch.data());
  return x;
}

Array transpose(const Array& x) {
  return by_index({x.shape()[1], x.shape()[0]},
                  [&](const auto& i) { return static_cast<double>(x.data()[i[1] * x.shape()[1] + i[0]]); });
}

}  // namespace

TEST_CASE("orthogonalisation moves singular values as the polynomial does, and not to 1") {
  // On a diagonal matrix it acts on each value alone: five steps of a d + b d^3 + c d^5, from d / |X|_F. A sixth value
  // makes the norm 1.
  const auto moved = [](double d) {
    for (int step = 0; step < 5; ++step) d = 3.4445 * d - 4.7750 * std::pow(d, 3) + 2.0315 * std::pow(d, 5);
    return d;
  };
  std::vector<double> values{0.001, 0.01, 0.1, 0.3, 0.7};
  double rest = 1;
  for (const double value : values) rest -= value * value;
  values.push_back(std::sqrt(rest));
  // Rounding grows with the slope of the polynomial: at most 3.4445^5 = 485 for a value near 0.
  const double tolerance = 485 * 4 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  Array x = zeros({6, 6});
  for (std::size_t i = 0; i < 6; ++i) x.data()[i * 7] = static_cast<Real>(values[i]);
  const Array y = orthogonal(x);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      const auto element = static_cast<double>(y.data()[i * 6 + j]);
      if (i != j) CHECK(element == 0);
      if (i == j) CHECK(std::abs(element - moved(values[i])) <= tolerance * std::max(values[i], 0.01));
    }
  }
  CHECK(moved(0.001) < 0.5);
  CHECK(moved(0.3) > 1.05);
  Array one = zeros({2, 2});
  one.data()[0] = 3;
  CHECK(std::abs(static_cast<double>(orthogonal(one).data()[0]) - moved(1)) <= tolerance);
}

TEST_CASE("orthogonalisation commutes with transposition and does not see the scale") {
  // Both follow from the formula; five steps on numbers of size 1 lose some ten roundings each.
  const double tolerance = sizeof(Real) == 8 ? 1e-13 : 1e-4;
  const Array wide = drawn({5, 9}, -1, 1, 3);
  CHECK(difference(orthogonal(transpose(wide)), transpose(orthogonal(wide)), 0, tolerance) == "");
  Array large = wide;
  for (Real& value : flat(large)) value *= 1024;
  CHECK(difference(orthogonal(large), orthogonal(wide), 0, tolerance) == "");
  CHECK(difference(orthogonal(zeros({3, 2})), zeros({3, 2}), 0, 0) == "");
  Array apart = zeros({2, 3});
  CHECK_THROWS_WITH(orthogonalize({apart.data(), 2, 2, 3}, apart.data()),
                    "orthogonalize: the rows of the matrix must lie side by side; 3 elements apart, 2 columns");
}

TEST_CASE("Muon's two adjustments differ by their quotient alone") {
  // original sqrt(max(1, rows / cols)), match_rms_adamw .2 sqrt(max(rows, cols)); (8, 2): 2 and .2 sqrt 8.
  const auto moved = [](MuonAdjustment adjustment, const Shape& shape) {
    const Tensor theta = labelled(zeros(shape), "w");
    Muon muon({theta}, {.common = {.learning_rate = 1}, .adjustment = adjustment});
    theta.backward(drawn(shape, -1, 1, 5));
    muon.step();
    return theta.value();
  };
  for (const auto& [shape, quotient] : std::vector<std::pair<Shape, double>>{{Shape{8, 2}, 0.2 * std::sqrt(8.0) / 2},
                                                                             {Shape{2, 8}, 0.2 * std::sqrt(8.0)}}) {
    Array expected = moved(MuonAdjustment::original, shape);
    for (Real& value : flat(expected)) value *= static_cast<Real>(quotient);
    CHECK(difference(moved(MuonAdjustment::match_rms_adamw, shape), expected, 1e-6, 0) == "");
  }
}

TEST_CASE("Muon updates vectors and the output head as AdamW does, to the byte") {
  const auto train = [](Optimizer& optimizer, const std::vector<Tensor>& parameters) {
    for (std::uint64_t step = 0; step < 3; ++step) {
      optimizer.parameters().zero_grad();
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        parameters[i].backward(drawn(parameters[i].shape(), -1, 1, 10 * step + i));
      }
      optimizer.step(0.5, 0.25);
    }
  };
  const auto make = [] {
    return std::vector<Tensor>{labelled(drawn({3, 4}, -1, 1, 1), "head.weight"),
                               labelled(drawn({4}, -1, 1, 2), "layers.0.up.bias"),
                               labelled(drawn({4, 4}, -1, 1, 3), "layers.0.up.weight")};
  };
  const AdamOptions adamw{.common = {.learning_rate = 0.01, .weight_decay = 0.1}, .beta2 = 0.95};
  const std::vector<Tensor> with_muon = make(), with_adam = make();
  Muon muon(with_muon, {.adamw = adamw});
  Adam adam(with_adam, adamw);
  train(muon, with_muon);
  train(adam, with_adam);
  CHECK(same_bytes(with_muon[0].value(), with_adam[0].value()));
  CHECK(same_bytes(with_muon[1].value(), with_adam[1].value()));
  CHECK_FALSE(same_bytes(with_muon[2].value(), with_adam[2].value()));
}

TEST_CASE("Adafactor of many matrices is Adafactor of each, but for the sizes that scale the step") {
  // The factors of each matrix are its own: a matrix whose gradient is 0 stays, whatever the others do.
  const Tensor theta = labelled(full({2, 3, 4}, 1), "conv");
  Adafactor optimizer({theta}, {});
  theta.backward(by_index({2, 3, 4}, [](const auto& i) { return i[0] == 0 ? 1.0 + static_cast<double>(i[1]) : 0; }));
  optimizer.step();
  const OptimizerState state = optimizer.state();
  REQUIRE(state.arrays.size() == 2);
  CHECK(state.arrays[0].second.shape() == Shape{2, 3});
  CHECK(state.arrays[1].second.shape() == Shape{2, 4});
  // At the first step the factors are the mean squares: rows 1, 4, 9, columns (1 + 4 + 9) / 3.
  CHECK(state.arrays[0].second ==
        by_index({2, 3}, [](const auto& i) { return i[0] == 0 ? std::pow(1.0 + static_cast<double>(i[1]), 2) : 0; }));
  CHECK(state.arrays[1].second == by_index({2, 4}, [](const auto& i) {
          return i[0] == 0 ? static_cast<double>(static_cast<Real>(14.0 / 3)) : 0;
        }));
  for (std::size_t i = 0; i < 24; ++i) {
    const bool moves = i < 12;
    CHECK((theta.value().data()[i] < 1) == moves);
  }
}

TEST_CASE("Adafactor steps by its rate times the size of the parameter, at least eps2, and less as time goes on") {
  // A vector with a constant gradient: U = g / |g| = 1, so theta moves by max(eps2, RMS(theta)) min(rate, 1 / sqrt t).
  const double tolerance = sizeof(Real) == 8 ? 1e-14 : 1e-6;
  for (const auto& [start, size] : std::vector<std::pair<double, double>>{{4, 4}, {0, 1e-3}}) {
    const Tensor theta = labelled(full({8}, static_cast<Real>(start)), "v");
    Adafactor optimizer({theta}, {.common = {.learning_rate = 0.25}});
    theta.backward(full({8}, -2));
    optimizer.step();
    CHECK(difference(theta.value(), full({8}, static_cast<Real>(start + size * 0.25)), tolerance, 0) == "");
  }
  const Tensor theta = labelled(full({8}, 1), "v");
  Adafactor optimizer({theta}, {.common = {.learning_rate = 100}});
  double expected = 1;
  for (int t = 1; t <= 4; ++t) {
    optimizer.parameters().zero_grad();
    theta.backward(full({8}, -2));
    optimizer.step();
    expected += expected / std::sqrt(static_cast<double>(t));
    CHECK(difference(theta.value(), full({8}, static_cast<Real>(expected)), 4 * tolerance, 0) == "");
  }
}

TEST_CASE("Lion moves every element by the rate, except where the direction is 0") {
  const Tensor theta = labelled(full({3}, 1), "v");
  Lion lion({theta}, {.common = {.learning_rate = 0.25}});
  theta.backward(by_index({3}, [](const auto& i) { return i[0] == 0 ? 1e-6 : i[0] == 1 ? -1e6 : 0; }));
  lion.step();
  CHECK(theta.value() == by_index({3}, [](const auto& i) { return i[0] == 0 ? 0.75 : i[0] == 1 ? 1.25 : 1; }));
}

TEST_CASE("steps of whole parameters take nothing from the system once the first has run, for any number of threads") {
  const auto check = [](const std::function<std::unique_ptr<Optimizer>(std::vector<Tensor>)>& make) {
    std::vector<Tensor> parameters;
    for (const Shape& shape : {Shape{64, 64}, Shape{64, 256}, Shape{256, 64}, Shape{64, 64}, Shape{64}}) {
      const std::size_t number = parameters.size();
      parameters.push_back(labelled(drawn(shape, -1, 1, number), std::string(1, static_cast<char>('a' + number))));
    }
    const std::unique_ptr<Optimizer> optimizer = make(parameters);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].backward(drawn(parameters[i].shape(), -1, 1, 10 + i));
    }
    optimizer->step();
    const PoolStatistics before = pool_statistics();
    for (int step = 0; step < 10; ++step) optimizer->step();
    CHECK(pool_statistics().system_requests == before.system_requests);
    CHECK(pool_statistics().bytes_held == before.bytes_held);
  };
  for (const std::size_t threads : {1U, 2U, 3U}) {
    const test::Threads scope(threads);
    const MuonOptions muon;
    check([&](std::vector<Tensor> p) { return std::make_unique<Muon>(std::move(p), muon); });
    const AdafactorOptions adafactor;
    check([&](std::vector<Tensor> p) { return std::make_unique<Adafactor>(std::move(p), adafactor); });
  }
}
