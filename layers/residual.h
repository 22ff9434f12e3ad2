#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "layers/dropout.h"
#include "layers/layer.h"
#include "layers/norm.h"
#include "layers/residual_connection.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Where the normalisations around a sublayer f stand. The sum is that of a plain residual.
enum class NormPlacement {
  pre,       ///< x + dropout(f(norm(x)))   (Xiong et al. 2020, arXiv:2002.04745)
  post,      ///< norm(x + dropout(f(x)))   (Vaswani et al. 2017, arXiv:1706.03762, section 3.1)
  none,      ///< x + dropout(f(x))
  sandwich,  ///< x + post_norm(dropout(f(norm(x))))   (Ding et al. 2021, arXiv:2105.13290, section 2.4)
  parallel,  ///< x + dropout(f_1(n)) + dropout(f_2(n)) + ..., n = norm(x): all steps of a block at once
             ///< (Wang & Komatsuzaki 2021, GPT-J; Chowdhery et al. 2022, PaLM, arXiv:2204.02311, section 2)
};

/// The placement of a name: pre, post, sandwich, parallel or none. Throws ConfigError on any other, listing them.
NormPlacement norm_placement_of(std::string_view name);

/// What happens to the input of a sublayer and to its result, one letter each, in order: `d` dropout, `n` norm and,
/// behind the sublayer alone, `a` the residual sum with the sublayer's input or `h` the same through a highway gate.
/// These are the operation strings of Marian (--transformer-preprocess, --transformer-postprocess): pre-norm is "n" and
/// "da", post-norm "" and "dan".
struct StepOperations {
  std::string before;
  std::string after;
};

/// The operations that a placement stands for; those of `parallel` are pre-norm's.
StepOperations operations_of(NormPlacement placement);

struct ResidualOptions {
  NormPlacement norm = NormPlacement::pre;
  std::optional<StepOperations> operations = {};  ///< in place of `norm`, which is then not read
  NormOptions normalization = {};                 ///< not read where nothing is normalised
  ResidualConnectionOptions connection = {};
  double dropout = 0;  ///< of `d`
};

/// The operations of the options. Throws ConfigError on an unknown letter, one in the wrong place or twice on one side
/// (`d` apart), `h` without ResidualKind::gated, or a dropout that no `d` applies.
StepOperations checked_operations(const ResidualOptions& options);

/// One sublayer with what stands around it, all owned by the module that runs the step.
struct ResidualStep {
  Layer* body = nullptr;
  StepOperations operations = {};
  Layer* norm_before = nullptr;  ///< of the `n` in `before`; read only there, as the others
  Layer* norm_after = nullptr;
  Layer* dropout = nullptr;
  ResidualConnection* connection = nullptr;

  /// Throws ShapeError when the body changes the shape and its result is to be added to its input.
  Tensor operator()(const Tensor& x, const Context& context) const { return added(x, x, context); }

  /// The same with a body that reads another tensor than the one that is added to, as parallel steps do.
  Tensor added(const Tensor& sum, const Tensor& input, const Context& context) const;
};

/// A residual step as a layer of its own: (..., C) -> (..., C). Children `body`, `norm`, `post_norm` (the second one, if
/// there are two) and `residual`.
/// Throws ConfigError as checked_operations() does, and on NormPlacement::parallel, which needs a Block.
class Residual : public Layer {
 public:
  Residual(const ResidualOptions& options, std::unique_ptr<Layer> body, Init& init);

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  ResidualStep step_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
