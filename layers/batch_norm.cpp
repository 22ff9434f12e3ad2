#include "layers/batch_norm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/pieces.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/select.h"
#include "autograd/ops/unary.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/norm_checks.h"
#include "layers/padding.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// How many members reach each position.
std::vector<std::size_t> counts_by_position(const std::vector<std::size_t>& lengths, std::size_t time) {
  std::vector<std::size_t> counts(time, 0);
  for (const std::size_t length : lengths) {
    for (std::size_t t = 0; t < length; ++t) ++counts[t];
  }
  return counts;
}

/// The divisors of the sums: of shape (1) for one count, else (T, 1). Where nothing counts the sums are 0.
Tensor divisors(const std::vector<std::size_t>& counts) {
  Array divisor = uninitialized(counts.size() == 1 ? Shape{1} : Shape{counts.size(), 1});
  for (std::size_t i = 0; i < counts.size(); ++i) {
    divisor.data()[i] = static_cast<Real>(std::max<std::size_t>(counts[i], 1));
  }
  return Tensor(std::move(divisor));
}

}  // namespace

BatchNorm::BatchNorm(const BatchNormOptions& options, Init& init)
    : width_(options.width),
      eps_(checked_eps("batch_norm", options.width, options.eps)),
      momentum_(options.momentum),
      per_position_(options.per_position),
      max_len_(options.max_len) {
  if (!(momentum_ > 0 && momentum_ <= 1)) {
    raise<ConfigError>("batch_norm", "the momentum is outside (0, 1]", fmt::format("momentum {}", momentum_),
                       "it is the weight of the newest statistics: 1 minus the momentum of Keras");
  }
  if (per_position_ != (max_len_ != 0)) {
    raise<ConfigError>("batch_norm", "per_position and max_len belong together",
                       fmt::format("per_position {}, max_len {}", per_position_, max_len_),
                       "give the longest sequence with per_position, and 0 without");
  }
  // Before gain and bias: of the four these can be the ones that are too large.
  const Shape shape = per_position_ ? Shape{max_len_, width_} : Shape{width_};
  init.reserve(shape);
  if (options.gain) gain_ = parameter("gain", init.ones(width_));
  if (options.bias) bias_ = parameter("bias", init.zeros(width_));
  running_mean_ = buffer("running_mean", zeros(shape));
  running_var_ = buffer("running_var", full(shape, 1));
}

Tensor BatchNorm::forward(const Tensor& x, const Context& context) {
  check_last_axis("batch_norm", x, width_);
  if (x.rank() < 2 || x.rank() > 3 || (per_position_ && x.rank() != 3)) {
    raise<ShapeError>("batch_norm", fmt::format("x must be {}", per_position_ ? "(B, T, C)" : "(B, T, C) or (B, C)"),
                      to_string(x.shape()));
  }
  if (x.rank() == 3 && !per_position_ && context.mask.is_causal()) {
    raise<StateError>("batch_norm", "statistics over time show each position the later ones",
                      "the mask of `" + path() + "` is causal",
                      "use norm_type layer or rms, or batch with per_position");
  }
  if (per_position_ && context.offset + x.extent(1) > max_len_) {
    raise<ShapeError>("batch_norm", fmt::format("there are running statistics for {} positions", max_len_),
                      fmt::format("x {} at position {}", to_string(x.shape()), context.offset),
                      "raise max_len or shorten the input");
  }
  const Tensor y = context.training ? of_batch(x, context) : of_running(x, context.offset);
  const Tensor scaled = gain_.defined() ? y * gain_ : y;
  return bias_.defined() ? scaled + bias_ : scaled;
}

Tensor BatchNorm::of_batch(const Tensor& x, const Context& context) {
  const bool has_time = x.rank() == 3;
  const std::vector<std::size_t> lengths =
      has_time ? real_lengths(x, context.mask, "batch_norm") : std::vector<std::size_t>(x.extent(0), 1);
  const std::size_t total = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  const std::vector<std::size_t> counts =
      per_position_ ? counts_by_position(lengths, x.extent(1)) : std::vector<std::size_t>{total};
  // Per position a sequence without positions has no counts at all.
  if (counts.empty() || *std::max_element(counts.begin(), counts.end()) < 2) {
    raise<ShapeError>("batch_norm", "training needs at least two numbers per channel",
                      fmt::format("x {}, {} of its positions count", to_string(x.shape()), total),
                      "use a larger batch, or drop_last");
  }
  ReduceOptions over{.axes = {0}};
  if (has_time && !per_position_) over.axes.push_back(1);
  const bool padded = has_time && total < x.extent(0) * x.extent(1);
  // where() and not a product with 0: what stands in the padding may be NaN.
  const auto real = [&](const Tensor& values) {
    return padded ? where(real_positions(lengths, x.extent(1)), values, Real{0}) : values;
  };
  const Tensor n = divisors(counts);
  const Tensor mean = sum(real(x), over) / n;
  const Tensor centered = x - mean;
  const Tensor kept = real(centered);
  const Tensor variance = sum(kept * kept, over) / n;
  remember(mean.value(), variance.value(), counts, per_position_ ? context.offset : 0);
  return centered / sqrt(variance + eps_);
}

Tensor BatchNorm::of_running(const Tensor& x, std::size_t first_position) const {
  if (!per_position_) return (x - running_mean_) / sqrt(running_var_ + eps_);
  const Slice rows{.begin = static_cast<std::ptrdiff_t>(first_position),
                   .end = static_cast<std::ptrdiff_t>(first_position + x.extent(1))};
  return (x - slice(running_mean_, rows)) / sqrt(slice(running_var_, rows) + eps_);
}

void BatchNorm::remember(const Array& mean, const Array& variance, const std::vector<std::size_t>& counts,
                         std::size_t first_row) {
  Array new_mean = running_mean_.value();
  Array new_var = running_var_.value();
  for (std::size_t row = 0; row < counts.size(); ++row) {
    const auto n = static_cast<double>(counts[row]);
    for (std::size_t c = 0; c < width_ && counts[row] > 1; ++c) {
      const std::size_t i = row * width_ + c;
      const std::size_t at = first_row * width_ + i;
      const double unbiased = static_cast<double>(variance.data()[i]) * (n / (n - 1));
      if (!std::isfinite(mean.data()[i]) || !std::isfinite(unbiased)) continue;
      const auto blend = [&](Real old, double newest) {
        return static_cast<Real>((1 - momentum_) * static_cast<double>(old) + momentum_ * newest);
      };
      new_mean.data()[at] = blend(new_mean.data()[at], static_cast<double>(mean.data()[i]));
      new_var.data()[at] = blend(new_var.data()[at], unbiased);
    }
  }
  running_mean_.assign(new_mean);
  running_var_.assign(new_var);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
