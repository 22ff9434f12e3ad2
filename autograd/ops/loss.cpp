#include "autograd/ops/loss.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "autograd/scopes.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/kernels/cross_entropy.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kLossRowsPerChunk = 128;

void check(const Tensor& logits, const Tokens& targets, const CrossEntropyOptions& options) {
  const auto shapes = [&] {
    return "logits " + to_string(logits.shape()) + ", targets " + to_string(Shape(targets.shape()));
  };
  if (logits.rank() == 0 || logits.extent(-1) == 0) {
    raise<ShapeError>("cross_entropy", "logits need a last axis of at least one class", shapes());
  }
  const Shape positions(logits.shape().begin(), logits.shape().end() - 1);
  if (positions != Shape(targets.shape())) {
    raise<ShapeError>("cross_entropy", "targets must have the shape of the logits without the last axis", shapes());
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    raise<ConfigError>("cross_entropy", "label_smoothing is outside [0, 1]", std::to_string(options.label_smoothing));
  }
  const std::size_t classes = logits.extent(-1);
  const std::size_t invalid =
      kernels::find_invalid_target(targets.data(), targets.size(), classes, options.ignore_index);
  if (invalid < targets.size()) {
    raise<ShapeError>("cross_entropy", fmt::format("target {} is no class", targets.data()[invalid]),
                      fmt::format("position {} of the flattened targets, {} classes", invalid, classes),
                      fmt::format("give a class in [0, {}), or {} to ignore the position", classes,
                                  options.ignore_index));
  }
  if (!options.weights.has_value()) return;
  if (options.weights->shape() != positions) {
    raise<ShapeError>("cross_entropy", "weights must have the shape of the targets",
                      "weights " + to_string(options.weights->shape()) + ", " + shapes());
  }
  for (const Real weight : flat(*options.weights)) {
    if (!(weight >= 0) || std::isinf(weight)) {
      raise<NumericError>("cross_entropy", "a weight is negative or not finite", fmt::format("{}", weight));
    }
  }
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tokens& targets, const CrossEntropyOptions& options) {
  check(logits, targets, options);
  const std::size_t rows = targets.size();
  const std::size_t classes = logits.extent(-1);
  const kernels::CrossEntropyOptions kernel_options{options.label_smoothing, options.ignore_index};
  const bool wants_gradient = grad_enabled() && logits.requires_grad();
  // The gradient is written in the same sweep as the loss, while the exponentials are at hand.
  std::optional<Array> dlogits;
  if (wants_gradient) dlogits.emplace(logits.shape());

  const std::size_t chunks = (rows + kLossRowsPerChunk - 1) / kLossRowsPerChunk;
  std::vector<kernels::CrossEntropySum, PoolAllocator<kernels::CrossEntropySum>> sums(chunks);
  parallel_ranges(rows, kLossRowsPerChunk, [&](std::size_t begin, std::size_t end) {
    sums[begin / kLossRowsPerChunk] =
        kernels::cross_entropy_rows(logits.value().data() + begin * classes, targets.data() + begin,
                                    options.weights.has_value() ? options.weights->data() + begin : nullptr, nullptr,
                                    wants_gradient ? dlogits->data() + begin * classes : nullptr, end - begin, classes,
                                    kernel_options);
  });
  kernels::CrossEntropySum total;
  for (const kernels::CrossEntropySum& sum : sums) {
    total.loss += sum.loss;
    total.weight += sum.weight;
  }
  const double divisor = options.reduction == Reduction::mean ? total.weight : 1;
  const double scale = divisor > 0 ? 1 / divisor : 0;
  if (!wants_gradient) return make_op("cross_entropy", scalar(static_cast<Real>(total.loss * scale)), {logits}, {});

  // dlogits = weight (p - (1 - s) onehot - s / V) / sum of weights, times the upstream gradient.
  return make_op("cross_entropy", scalar(static_cast<Real>(total.loss * scale)), {logits},
                 [dlogits = std::move(*dlogits), scale](BackwardPass& pass) {
                   const Real factor = static_cast<Real>(static_cast<double>(*pass.g().data()) * scale);
                   pass.give(0, map(dlogits, [factor](Real d) { return d * factor; }));
                 });
}

Tensor mse(const Tensor& prediction, const Tensor& target, Reduction reduction) {
  if (prediction.shape() != target.shape()) {
    raise<ShapeError>("mse", "the shapes differ",
                      "prediction " + to_string(prediction.shape()) + ", target " + to_string(target.shape()));
  }
  const std::size_t count = prediction.size();
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double difference =
        static_cast<double>(prediction.value().data()[i]) - static_cast<double>(target.value().data()[i]);
    sum += difference * difference;
  }
  const double scale = reduction == Reduction::sum ? 1 : count == 0 ? 0 : 1 / static_cast<double>(count);
  // d/dprediction = 2 (prediction - target) scale, and the negative for the target.
  return make_op("mse", scalar(static_cast<Real>(sum * scale)), {prediction, target}, [scale](BackwardPass& pass) {
    const Real factor = static_cast<Real>(2 * scale * static_cast<double>(*pass.g().data()));
    const auto difference = [&](Real sign) {
      const Real signed_factor = sign * factor;
      return zip_same(pass.x(0), pass.x(1), [signed_factor](Real p, Real t) { return signed_factor * (p - t); });
    };
    if (pass.needs(0)) pass.give(0, difference(1));
    if (pass.needs(1)) pass.give(1, difference(-1));
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
