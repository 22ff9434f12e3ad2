// Expected values: three steps with gradient G / t, computed in double by an independent implementation of the formulas
// (they agree with PyTorch 1.13 to all 12 digits given).
#include <catch2/catch.hpp>

#include "core/kernels/optimizer_step.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

using kernels::AdamStep;
using kernels::SgdStep;

const Values kStart{Real(0.1), Real(-0.2), Real(0.3), Real(-0.4), Real(0.5), Real(-0.6)};
const Values kGradient{Real(0.5), -1, Real(0.25), 2, Real(-0.125), 0};

// The figures have 12 decimals; float carries the rounding of some ten operations on values below 2.
const Exact kTolerance = sizeof(Real) == 8 ? 1e-12L : 20 * kEpsilon;

Values gradient_at(int t) {
  Values g = kGradient;
  for (Real& v : g) v /= static_cast<Real>(t);
  return g;
}

void check(const Values& theta, const std::vector<double>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i, theta[i], expected[i]);
    CHECK(error(theta[i], static_cast<Exact>(expected[i])) <= kTolerance);
  }
}

Values three_steps(SgdStep step) {
  Values theta = kStart;
  Values buffer(6, kNan);  // the first step must not read it
  for (int t = 1; t <= 3; ++t) {
    step.first_step = t == 1;
    const Values g = gradient_at(t);
    kernels::sgd_step(theta.data(), g.data(), buffer.data(), 6, step);
  }
  return theta;
}

Values three_steps(AdamStep step) {
  Values theta = kStart;
  Values m(6);
  Values v(6);
  for (int t = 1; t <= 3; ++t) {
    step.step = static_cast<std::uint64_t>(t);
    const Values g = gradient_at(t);
    kernels::adam_step(theta.data(), g.data(), m.data(), v.data(), 6, step);
  }
  return theta;
}

}  // namespace

TEST_CASE("SGD with momentum and L2 decay follows PyTorch") {
  check(three_steps(SgdStep{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01}),
        {-0.100012236767, 0.200024473533, 0.198592581367, -1.195564786267, 0.547060328667, -0.596636879400});
}

TEST_CASE("SGD with Nesterov momentum follows PyTorch") {
  check(three_steps(SgdStep{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}),
        {-0.171366666667, 0.342733333333, 0.164316666667, -1.485466666667, 0.567841666667, -0.600000000000});
}

TEST_CASE("Adam with L2 decay follows PyTorch") {
  check(three_steps(AdamStep{.learning_rate = 0.01, .weight_decay = 0.1}),
        {0.071880019377, -0.171869418340, 0.271534711962, -0.427953066461, 0.522846401723, -0.570017462014});
}

TEST_CASE("AdamW follows PyTorch") {
  check(three_steps(AdamStep{.learning_rate = 0.01, .decoupled_decay = 0.1}),
        {0.071676230719, -0.171376530272, 0.271076831214, -0.426825269301, 0.526525566597, -0.598201799400});
}

TEST_CASE("Plain, dampened and decoupled SGD follow their formulas step by step") {
  // mu 0: theta - 0.5 g. Dampening: the first buffer is g, the second mu g + (1 - tau) g. All figures exact in binary.
  Values theta{1, -2};
  const Values g{Real(0.5), 4};
  kernels::sgd_step(theta.data(), g.data(), nullptr, 2, SgdStep{.learning_rate = 0.5});
  CHECK(theta == Values{Real(0.75), -4});
  kernels::sgd_step(theta.data(), g.data(), nullptr, 2, SgdStep{.learning_rate = 0.5, .decoupled_decay = 0.5});
  CHECK(theta == Values{Real(0.3125), -5});

  Values buffer(2, kNan);
  theta = {0, 0};
  kernels::sgd_step(theta.data(), g.data(), buffer.data(), 2,
                    SgdStep{.learning_rate = 1, .momentum = 0.5, .dampening = 0.25, .first_step = true});
  CHECK(buffer == g);
  kernels::sgd_step(theta.data(), g.data(), buffer.data(), 2,
                    SgdStep{.learning_rate = 1, .momentum = 0.5, .dampening = 0.25});
  CHECK(buffer == Values{Real(0.625), 5});
  CHECK(theta == Values{Real(-1.125), -9});
}

TEST_CASE("The gradient scale is the same as scaled gradients, and gradients are not written") {
  const Values g = uniform(37, -1, 1, 1);
  Values half = g;
  for (Real& v : half) v /= 2;
  for (const bool adam : {false, true}) {
    Values a = uniform(37, -1, 1, 2), b = a, m1(37), v1(37), m2(37), v2(37);
    const Values before = g;
    if (adam) {
      kernels::adam_step(a.data(), g.data(), m1.data(), v1.data(), 37, {.learning_rate = 0.1, .grad_scale = 0.5});
      kernels::adam_step(b.data(), half.data(), m2.data(), v2.data(), 37, {.learning_rate = 0.1});
    } else {
      kernels::sgd_step(a.data(), g.data(), m1.data(), 37, {.learning_rate = 0.1, .momentum = 0.9, .grad_scale = 0.5});
      kernels::sgd_step(b.data(), half.data(), m2.data(), 37, {.learning_rate = 0.1, .momentum = 0.9});
    }
    CHECK(same_bits(a, b));
    CHECK(same_bits(m1, m2));
    CHECK(same_bits(v1, v2));
    CHECK(same_bits(g, before));
  }
}

TEST_CASE("A parameter's update does not depend on the piece of the buffer it is in") {
  const std::size_t n = 100;
  const Values g = uniform(n, -1, 1, 3);
  const Values start = uniform(n, -1, 1, 4);
  const AdamStep adam{.learning_rate = 0.1, .weight_decay = 0.01, .decoupled_decay = 0.1, .step = 3};
  const SgdStep sgd{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1};
  const Values moments = uniform(n, 0.1, 1, 5);
  const auto run = [&](std::size_t piece, std::size_t offset) {
    Placed theta(start, offset), m(moments, offset), v(moments, 15 - offset), other(start, offset), buffer(moments, 2);
    for (std::size_t i = 0; i < n; i += piece) {
      const std::size_t count = std::min(piece, n - i);
      kernels::adam_step(&theta[i], &g[i], &m[i], &v[i], count, adam);
      kernels::sgd_step(&other[i], &g[i], &buffer[i], count, sgd);
    }
    CHECK((theta.untouched() && m.untouched() && v.untouched() && other.untouched() && buffer.untouched()));
    Values all = theta.values();
    for (Placed* part : {&m, &v, &other, &buffer}) {
      const Values more = part->values();
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  };
  const Values whole = run(n, 0);
  for (const std::size_t piece : {1U, 3U, 16U, 33U}) {
    for (std::size_t offset = 0; offset < 16; offset += 3) CHECK(same_bits(run(piece, offset), whole));
  }
}
