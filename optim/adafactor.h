#pragma once

#include <optional>

#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct AdafactorOptions {
  OptimizerOptions common = {.learning_rate = 0.01};
  double beta2_decay = -0.8;        ///< tau <= 0: the averages take t^tau of each new square
  std::optional<double> eps1 = {};  ///< >= 0, smallest root of a second moment; empty: the precision's epsilon
  double eps2 = 1e-3;               ///< >= 0, smallest size of a parameter that scales its step
  double clipping_threshold = 1;    ///< d > 0: largest root mean square of a scaled step
};

/// rho = min(rate, 1 / sqrt(t));  alpha = max(eps2, RMS(theta)) rho;  theta <- theta - rate weight_decay theta;
/// matrices: R <- R + t^tau (mean over columns of g^2 - R), C likewise over rows, V = R C / max(mean R, eps1);
/// vectors: V <- V + t^tau (g^2 - V);   U = g / sqrt(max(V, eps1^2));  theta <- theta - alpha U / max(1, RMS(U) / d).
/// A matrix of r rows and c columns needs r + c numbers instead of r c; leading axes before the last two stand for many
/// matrices. PyTorch's form, eps1 included; the paper has eps1 = 1e-30, added to g^2.
/// Throws ConfigError on figures out of range. Source: Shazeer & Stern 2018, arXiv:1804.04235, algorithm 4.
class Adafactor : public Optimizer {
 public:
  Adafactor(std::vector<Tensor> parameters, const AdafactorOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const AdafactorOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
