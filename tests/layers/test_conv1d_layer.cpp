// The convolution over time as a layer: what it sees, and its messages. Its numbers are those of the conv1d operation.
#include <limits>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/conv1d_layer.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::at;
using headlight::testing::drawn;

namespace {

/// Which inputs an output depends on: y of ones in one position, with weights of ones and no bias.
std::vector<std::vector<int>> seen(const Conv1dLayerOptions& options, const Mask& mask, std::size_t time) {
  Init init(1);
  Conv1dLayer layer(options, init);
  layer.parameters().at(0).tensor.assign(full({1, 1, options.kernel}, 1));
  std::vector<std::vector<int>> rows(time, std::vector<int>(time));
  for (std::size_t from = 0; from < time; ++from) {
    Array x = zeros({1, time, 1});
    x.data()[from] = 1;
    const Array y = layer(Tensor(x), {.mask = mask}).value();
    for (std::size_t t = 0; t < time; ++t) rows[t][from] = static_cast<int>(y.data()[t]);
  }
  return rows;
}

using Rows = std::vector<std::vector<int>>;

}  // namespace

TEST_CASE("a convolution stands in the middle, looks back when it is causal or the mask is, and skips padding") {
  const Conv1dLayerOptions three{.in = 1, .out = 1, .bias = false};
  const Rows middle{{1, 1, 0, 0}, {1, 1, 1, 0}, {0, 1, 1, 1}, {0, 0, 1, 1}};
  const Rows back{{1, 0, 0, 0}, {1, 1, 0, 0}, {1, 1, 1, 0}, {0, 1, 1, 1}};
  CHECK(seen(three, {}, 4) == middle);
  CHECK(seen(three, Mask::causal(), 4) == back);
  CHECK(seen({.in = 1, .out = 1, .bias = false, .causal = true}, {}, 4) == back);
  CHECK(seen(three, Mask::padding({2}), 4) == Rows{{1, 1, 0, 0}, {1, 1, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  // An even kernel sees one position more ahead than behind, as torch.nn.Conv1d(padding="same").
  CHECK(seen({.in = 1, .out = 1, .kernel = 2, .bias = false}, {}, 3) == Rows{{1, 1, 0}, {0, 1, 1}, {0, 0, 1}});
  CHECK(seen({.in = 1, .out = 1, .kernel = 2, .dilation = 2, .bias = false, .causal = true}, {}, 4) ==
        Rows{{1, 0, 0, 0}, {0, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}});
}

TEST_CASE("NaN in padded positions reaches no real output and receives no gradient") {
  Array x = drawn({1, 4, 2}, -1, 1, 1);
  for (std::size_t i = 4; i < 8; ++i) x.data()[i] = std::numeric_limits<Real>::quiet_NaN();
  Init init(1);
  Conv1dLayer layer({.in = 2, .out = 1}, init);
  const Tensor input(x, true);
  const Tensor y = layer(input, {.mask = Mask::padding({2})});
  CHECK(y.value().data()[1] == y.value().data()[1]);
  y.backward(full({1, 4, 1}, 1));
  for (std::size_t t = 2; t < 4; ++t) CHECK(at(input.grad(), {0, t, 0}) == 0);
}

TEST_CASE("misuse of a convolution is named") {
  Init init(1);
  CHECK_THROWS_WITH(Conv1dLayer({.in = 1, .out = 0}, init),
                    "conv1d: widths, kernel and dilation must be at least 1; in 1, out 0, kernel 3, dilation 1");
  CHECK_THROWS_WITH(Conv1dLayer({.in = 1, .out = 1, .kernel = 0}, init),
                    "conv1d: widths, kernel and dilation must be at least 1; in 1, out 1, kernel 0, dilation 1");
  Conv1dLayer layer({.in = 2, .out = 1}, init);
  CHECK_THROWS_WITH(layer(Tensor(zeros({2, 2})), {}), "conv1d: x must be (B, T, C); (2, 2)");
  CHECK_THROWS_AS(layer(Tensor(zeros({1, 2, 3})), {}), ShapeError);
  CHECK_THROWS_WITH(layer(Tensor(zeros({1, 1, 2})), {.offset = 4}),
                    "conv1d: the positions before x are not kept, so a convolution cannot go on behind them; offset 4 "
                    "in ``; generate without a cache");
  Conv1dLayer pointwise({.in = 2, .out = 1, .kernel = 1}, init);
  CHECK_NOTHROW(pointwise(Tensor(zeros({1, 1, 2})), {.offset = 4}));
}
