#include "layers/attention_loss.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/pieces.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/select.h"
#include "autograd/ops/unary.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check(const Tensor& weights, std::size_t head, const Array& target) {
  const Shape& shape = weights.shape();
  const Shape& given = target.shape();
  const bool fits =
      shape.size() == 4 && (given == Shape{shape[2], shape[3]} || given == Shape{shape[0], shape[2], shape[3]});
  if (!fits) {
    raise<ShapeError>("attention_loss", "weights must be (B, H, Tq, Tk) and the target (Tq, Tk) or (B, Tq, Tk)",
                      fmt::format("weights {}, target {}", to_string(shape), to_string(given)));
  }
  if (head >= shape[1]) {
    raise<ShapeError>("attention_loss", fmt::format("there is no head {}", head), fmt::format("{} heads", shape[1]));
  }
  for (const Real value : flat(target)) {
    if (value >= 0 && value <= 1) continue;
    raise<NumericError>("attention_loss", "a target lies outside [0, 1]", fmt::format("{}", value));
  }
}

}  // namespace

Tensor attention_loss(const Tensor& weights, std::size_t head, const Array& target) {
  check(weights, head, target);
  const Shape& shape = weights.shape();
  const std::size_t queries = shape[2];
  const std::size_t keys = shape[3];
  const std::size_t maps = target.dimension() == 2 ? 1 : shape[0];
  // At each row that has a target 1 / n, with n such rows in the batch. The others read a mass of 1, whose logarithm
  // is 0.
  Array share = zeros({maps, queries});
  Array elsewhere = full({maps, queries}, 1);
  std::size_t counted = 0;
  for (std::size_t row = 0; row < share.size(); ++row) {
    const Real* const begin = target.data() + row * keys;
    if (std::none_of(begin, begin + keys, [](Real value) { return value > 0; })) continue;
    share.data()[row] = 1;
    elsewhere.data()[row] = 0;
    ++counted;
  }
  counted *= shape[0] / std::max<std::size_t>(1, maps);
  for (Real& value : flat(share)) value /= static_cast<Real>(std::max<std::size_t>(1, counted));
  const auto first = static_cast<std::ptrdiff_t>(head);
  const Tensor map = reshape(slice(weights, {.axis = 1, .begin = first, .end = first + 1}), {shape[0], queries, keys});
  const Tensor mass = sum(map * Tensor(target), {.axes = {-1}}) + Tensor(elsewhere);
  const Tensor bounded = clamp(mass, std::numeric_limits<Real>::min(), std::numeric_limits<Real>::max());
  return neg(sum(log(bounded) * Tensor(share)));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
