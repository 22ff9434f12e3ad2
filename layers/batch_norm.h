#pragma once

#include <cstddef>
#include <vector>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct BatchNormOptions {
  std::size_t width = 0;
  double eps = 1e-5;  ///< PyTorch's default; Keras uses 1e-3
  bool gain = true;
  bool bias = true;
  double momentum = 0.1;      ///< weight of the newest statistics, in (0, 1], as PyTorch; Keras's 0.99 is 0.01 here
  bool per_position = false;  ///< statistics over the batch at each position, none over time
  std::size_t max_len = 0;    ///< positions that have running statistics; read with per_position alone
};

/// y = gain * (x - mean) / sqrt(var + eps) + bias per channel: (B, T, C) -> (B, T, C), or (B, C) -> (B, C).
///
/// While training, mean and the biased variance are those of the batch over all axes but the last, or with per_position
/// over the batch alone. Positions behind Mask::lengths() of Context::mask do not count and receive no gradient through
/// the statistics. Otherwise they are the running ones:
///   running = (1 - momentum) running + momentum batch,  with the unbiased variance (n / (n - 1)), as PyTorch keeps it.
/// Statistics of fewer than two numbers, or that are not finite, do not enter the running ones.
///
/// Parameters `gain` and `bias` (C); buffers `running_mean` (zeros) and `running_var` (ones) of shape (C), or
/// (max_len, C) with per_position.
///
/// Over time the statistics show each position the later ones: under a causal mask that is refused (StateError).
/// With per_position nothing of a sequence's own future enters, though other members of the batch do, as in every batch
/// norm; a position that only one member reaches is normalised to 0 while training.
/// Throws ConfigError on a width or momentum that cannot be, or max_len without per_position and the reverse; ShapeError
/// when x does not end in C, is longer than max_len, or when fewer than two positions count while training.
/// Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2; the masked statistics are ours.
class BatchNorm : public Layer {
 public:
  BatchNorm(const BatchNormOptions& options, Init& init);

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Tensor of_batch(const Tensor& x, const Context& context);
  Tensor of_running(const Tensor& x, std::size_t first_position) const;
  /// Lets statistics of `counts` numbers each, one count or one per position from `first_row` on, into the running ones.
  void remember(const Array& mean, const Array& variance, const std::vector<std::size_t>& counts,
                std::size_t first_row);

  std::size_t width_;
  Real eps_;
  double momentum_;
  bool per_position_;
  std::size_t max_len_;
  Tensor gain_;
  Tensor bias_;
  Tensor running_mean_;
  Tensor running_var_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
