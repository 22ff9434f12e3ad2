#pragma once

#include <string>
#include <vector>

#include "core/gemm.h"
#include "optim/adam.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What Muon's update is multiplied by, for a weight (rows, cols) = (out, in).
enum class MuonAdjustment {
  original,         ///< sqrt(max(1, rows / cols)): K. Jordan's
  match_rms_adamw,  ///< .2 sqrt(max(rows, cols)): steps as large as AdamW's, so that one rate serves both
};

struct MuonOptions {
  OptimizerOptions common = {.learning_rate = 1e-3, .weight_decay = 0.1};
  double momentum = 0.95;  ///< mu in [0, 1)
  bool nesterov = true;
  MuonAdjustment adjustment = MuonAdjustment::original;
  /// For everything that is no hidden matrix; its `common.groups` and `common.ema` mean nothing.
  AdamOptions adamw = {.common = {.learning_rate = 1e-3, .weight_decay = 0.01}};
  /// Names of matrices that are not hidden: embeddings, tables of positions and output heads. `*` is any characters.
  std::vector<std::string> not_hidden = {"*embedding*", "*positions*", "head.*",    "*.head.*",
                                         "*wte.*",      "*wpe.*",      "*lm_head.*"};
};

/// For hidden matrices: b <- mu b + (1 - mu) g;  u = nesterov ? (1 - mu) g + mu b : b;  O = orthogonalize(u);
/// theta <- theta - rate weight_decay theta;  theta <- theta - rate adjustment O.
/// Parameters that have not exactly two axes, and those that `not_hidden` names, are updated by AdamW. The rows of a
/// weight are its outputs, as everywhere here; Keras stores the transpose. The matrix is taken whole, not head by head.
/// Throws ConfigError on figures out of range.
/// Source: K. Jordan 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al. 2025,
/// arXiv:2502.16982, section 2.2 (match_rms_adamw).
class Muon : public Optimizer {
 public:
  Muon(std::vector<Tensor> parameters, const MuonOptions& options);
};

/// The same as an algorithm for a group; `common.groups` and `common.ema` mean nothing here.
Algorithm algorithm(const MuonOptions& options);

/// X <- five steps of X <- a X + (b A + c A^2) X with A = X X^T, from X / max(|X|_F, 1e-7), in the precision of this
/// build: the singular vectors stay, the singular values move to between .7 and 1.2 (not to 1; one far below 1e-3 of
/// the norm stays below .5). (a, b, c) = (3.4445, -4.7750, 2.0315). Uses `scratch`, of orthogonalize_scratch()
/// elements, aligned to 64 bytes.
/// Source: K. Jordan 2024, as above; it computes in bfloat16, as PyTorch does.
void orthogonalize(const Matrix& x, Real* scratch);
std::size_t orthogonalize_scratch(std::size_t rows, std::size_t cols);

}  // namespace headlight::inline HEADLIGHT_PRECISION
