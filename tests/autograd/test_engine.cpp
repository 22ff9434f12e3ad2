// The graph itself, on three small operations made here by the public call. Expected numbers are worked by hand.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/make_op.h"
#include "autograd/node.h"
#include "autograd/ops/gather.h"
#include "autograd/ops/pieces.h"
#include "autograd/scopes.h"
#include "autograd/tensor.h"
#include "core/elementwise.h"
#include "core/error.h"

using namespace headlight;
using Catch::Matchers::Contains;

namespace {

Tensor plus(const Tensor& a, const Tensor& b) {
  return make_op("plus", zip("plus", a.value(), b.value(), [](Real p, Real q) { return p + q; }), {a, b},
                 [](BackwardPass& pass) {
                   pass.give(0, pass.g());
                   pass.give(1, pass.take_g());
                 });
}

Tensor times(const Tensor& a, const Tensor& b) {
  const auto product = [](Real p, Real q) { return p * q; };
  return make_op("times", zip("times", a.value(), b.value(), product),
                 {{a, [b, product](const Array& g) -> Array { return zip("times", g, b.value(), product); }},
                  {b, [a, product](const Array& g) -> Array { return zip("times", g, a.value(), product); }}});
}

Tensor total(const Tensor& x) {
  Real sum = 0;
  for (const Real v : flat(x.value())) sum += v;
  return make_op("total", scalar(sum),
                 {{x, [shape = x.shape()](const Array& g) -> Array { return full(shape, *g.data()); }}});
}

/// (x, x^2) as one operation with two outputs.
std::vector<Tensor> powers(const Tensor& x) {
  std::vector<Array> outputs;
  outputs.push_back(x.value());
  outputs.push_back(map(x.value(), [](Real v) { return v * v; }));
  return make_ops("powers", std::move(outputs), {x}, [](BackwardPass& pass) {
    Array dx = pass.has_g() ? pass.take_g() : zeros(pass.x(0).shape());
    if (const Array* g = pass.g(1)) {
      add_into(dx, zip("powers", *g, pass.x(0), [](Real a, Real b) { return 2 * a * b; }));
    }
    pass.give(0, std::move(dx));
  });
}

Tensor leaf(Real value) { return Tensor(full({1}, value), true); }
Tensor constant(Real value) { return Tensor(full({1}, value)); }
Real grad(const Tensor& x) { return *x.grad().data(); }

}  // namespace

TEST_CASE("a diamond adds the gradients of both paths") {
  const Tensor x = leaf(2);
  const Tensor y = times(x, constant(3));
  total(plus(times(y, constant(2)), times(y, constant(5)))).backward();
  CHECK(grad(x) == 21);  // 3 * (2 + 5)
}

TEST_CASE("an input used twice by one operation receives both gradients") {
  const Tensor x = leaf(3);
  total(times(x, x)).backward();
  CHECK(grad(x) == 6);
}

TEST_CASE("backward twice adds exactly once more") {
  const Tensor x = leaf(2);
  const Tensor y = times(x, constant(3));
  const Tensor loss = total(plus(times(y, constant(2)), times(y, constant(5))));
  loss.backward();
  loss.backward();
  CHECK(grad(x) == 42);
  CHECK_FALSE(y.has_grad());
}

TEST_CASE("a chain of 300,000 nodes runs backward and is destroyed") {
  const std::size_t before = live_node_count();
  {
    const Tensor x = leaf(1);
    Tensor y = x;
    for (int i = 0; i < 300000; ++i) y = plus(y, x);
    CHECK(live_node_count() == before + 300001);
    total(y).backward();
    CHECK(grad(x) == 300001);
  }
  CHECK(live_node_count() == before);
}

TEST_CASE("a chain of 300,000 nodes whose rules hold their inputs is destroyed as well") {
  const std::size_t before = live_node_count();
  {
    const Tensor x = leaf(1);
    Tensor y = x;
    for (int i = 0; i < 300000; ++i) y = times(y, x);  // each rule captures both inputs
    total(y).backward();
    CHECK(grad(x) == 300001);
  }
  CHECK(live_node_count() == before);
}

TEST_CASE("the engine sums a gradient over the axes along which an input was broadcast") {
  const Tensor row(Array{{1, 2, 3}}, true);    // (1, 3)
  const Tensor column(full({2, 1}, 2), true);  // (2, 1)
  total(times(row, column)).backward();
  CHECK(row.grad() == Array{{4, 4, 4}});
  CHECK(column.grad() == full({2, 1}, 6));
}

TEST_CASE("gradients reach the first output, the second, or both of an operation with two outputs") {
  const Tensor x = leaf(3);
  total(powers(x)[0]).backward();
  CHECK(grad(x) == 1);
  x.zero_grad();
  total(powers(x)[1]).backward();
  CHECK(grad(x) == 6);
  x.zero_grad();
  const std::vector<Tensor> both = powers(x);
  total(times(both[0], both[1])).backward();
  CHECK(grad(x) == 27);  // d(x^3)/dx
}

TEST_CASE("a leaf changed between forward and backward is named") {
  const Tensor weight = leaf(2);
  weight.set_label("head.weight");
  const Tensor loss = total(times(weight, constant(3)));
  weight.assign(full({1}, 4));
  CHECK_THROWS_WITH(loss.backward(), Contains("`head.weight` was changed after `times` had used it"));
}

TEST_CASE("a released graph refuses a second backward") {
  const Tensor x = leaf(2);
  const Tensor loss = total(times(x, x));
  loss.backward(Graph::release);
  CHECK(grad(x) == 4);
  CHECK_THROWS_WITH(loss.backward(), Contains("was released"));
}

TEST_CASE("no history is recorded without gradients") {
  const Tensor x = leaf(2);
  {
    const NoGrad guard;
    CHECK_FALSE(times(x, x).requires_grad());
  }
  CHECK(times(x, x).requires_grad());
  CHECK_FALSE(times(x, x).detach().requires_grad());
  CHECK_THROWS_AS(total(constant(1)).backward(), StateError);
}

TEST_CASE("hooks see and may change the gradient of a value and of a leaf") {
  const Tensor x = leaf(2);
  Real seen = 0;
  x.on_gradient([&](Array& g) { seen = *g.data(); });
  const Tensor y = times(x, constant(3));
  y.on_gradient([](Array& g) { *g.data() *= 10; });
  const Tensor loss = total(plus(y, y));
  loss.backward();
  CHECK(seen == 60);  // 2 arrives at y, 20 leaves it, times 3
  CHECK(grad(x) == 60);
  loss.backward();
  CHECK(seen == 60);  // this pass's share
  CHECK(grad(x) == 120);
}

TEST_CASE("a rule that throws leaves no gradient behind on intermediate values") {
  const Tensor x(full({2}, 2), true);
  const Tensor y = times(x, constant(3));
  const Tensor bad = make_op("bad", y.value(), {{y, [](const Array&) -> Array { return zeros({7}); }}});
  CHECK_THROWS_WITH(total(plus(bad, y)).backward(), Contains("gradient of the wrong shape"));
  CHECK_FALSE(y.has_grad());
  total(y).backward();
  CHECK(grad(x) == 3);
}

TEST_CASE("the first value that is not finite is reported with operation, layer and step") {
  const Tensor x = leaf(std::numeric_limits<Real>::max());
  const LayerScope layer(interned("layers.0.attention"));
  const DetectNonFinite watch(812);
  CHECK_THROWS_WITH(times(x, x), Contains("step 812: `times` in layer `layers.0.attention`, forward gives 1 of 1"));
}

TEST_CASE("the first gradient that is not finite is reported too") {
  const Tensor x = leaf(0);
  const Tensor root = make_op("root", map(x.value(), [](Real v) { return std::sqrt(v); }),
                              {{x, [](const Array& g, const Array& y) -> Array { return Array(g / (2 * y)); }}});
  const Tensor loss = total(root);
  const DetectNonFinite watch(3);
  CHECK_THROWS_WITH(loss.backward(), Contains("step 3: `root`, backward, for input 0 gives"));
}

TEST_CASE("a leaf frozen after it was used receives no gradient, whatever way its rule gives it") {
  const Tensor table(Array{{1, 2}, {3, 4}}, true);
  const Tensor x = leaf(2);
  const Tensor picked = embedding(table, Tokens{1, 0});
  const Tensor part = slice(table, {.axis = 0, .begin = 0, .end = 1});
  const Tensor loss = plus(plus(total(picked), total(part)), x);
  table.set_requires_grad(false);
  loss.backward();
  CHECK_FALSE(table.has_grad());
  CHECK(grad(x) == 1);
  table.set_requires_grad(true);
  loss.backward();
  CHECK(table.grad() == Array{{2, 2}, {1, 1}});
}

TEST_CASE("a rule that takes the target of an input without a gradient is told to ask before") {
  const Tensor x = leaf(2);
  const Tensor y = make_op("both", x.value(), {x, constant(3)}, [](BackwardPass& pass) { pass.target(1); });
  CHECK_THROWS_WITH(y.backward(), "both: target() of an input that needs no gradient; input 1; ask needs() before");
}

TEST_CASE("a gradient that is not finite is reported on a leaf with a hook, and so is a hook that makes one") {
  const Tensor x = leaf(1);
  x.on_gradient([](Array&) {});
  const Tensor bad =
      make_op("bad", x.value(),
              {{x, [](const Array& g) -> Array { return full(g.shape(), std::numeric_limits<Real>::quiet_NaN()); }}});
  const Tensor z = leaf(1);
  z.on_gradient([](Array& g) { g.fill(std::numeric_limits<Real>::infinity()); });
  const Tensor doubled = plus(z, z);
  const DetectNonFinite watch(4);
  CHECK_THROWS_WITH(bad.backward(), Contains("step 4: `bad`, backward, for input 0"));
  CHECK_THROWS_WITH(doubled.backward(), Contains("step 4: a hook on"));
}

TEST_CASE("handles that are empty, and values that are no leaves, are refused") {
  CHECK_THROWS_WITH(Tensor().value(), Contains("the tensor is empty"));
  const Tensor x = leaf(1);
  const Tensor y = plus(x, x);
  CHECK_THROWS_AS(plus(x, Tensor()), StateError);
  CHECK_THROWS_AS(y.assign(full({1}, 0)), StateError);
  CHECK_THROWS_AS(y.set_requires_grad(false), StateError);
  CHECK_THROWS_AS(x.assign(full({2}, 0)), ShapeError);
  CHECK_THROWS_AS(x.grad(), StateError);
  CHECK_THROWS_AS(Tensor(full({2}, 0), true).backward(), ShapeError);
  CHECK_THROWS_AS(y.backward(full({2}, 0)), ShapeError);
}
