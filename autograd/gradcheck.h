#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "autograd/gradcheck_report.h"
#include "autograd/tensor.h"

/// Comparison of backward() with central differences, for functions of tensors and for layers.
///
/// For y = f(x) and a fixed random cotangent u, the scalar L(x) = sum(u y) is differentiated in two ways: by one
/// backward pass, and by (L(x + eps) - L(x - eps)) / (2 eps) for each element of each input. L is summed in double.
/// Choose inputs at least 2 eps away from kinks. Functions must be deterministic: dropout needs a fixed key.
namespace headlight::inline HEADLIGHT_PRECISION {

/// The defaults of the double build are those of PyTorch's gradcheck. In the float build rounding leaves half of the
/// digits: only gross mistakes show there, so check in double.
struct GradcheckOptions {
  double eps = sizeof(Real) == 8 ? 1e-6 : 4e-3;  ///< step of the differences, in units of the inputs; > 0
  /// An element passes when |analytic - numeric| <= atol + rtol |numeric|.
  double atol = sizeof(Real) == 8 ? 1e-5 : 1e-2;
  double rtol = sizeof(Real) == 8 ? 1e-3 : 2e-2;
  std::size_t max_failures = 10;  ///< rows of the table; all failures are counted
  bool projection = false;        ///< compare along random directions instead of element by element: for large inputs
  std::size_t directions = 4;     ///< with projection: directions per input, two evaluations of f each; > 0
  std::uint64_t seed = 0;         ///< of cotangent and directions
};

using GradcheckFunction = std::function<Tensor(const std::vector<Tensor>& inputs)>;

/// Checks f at `inputs`, and at `parameters`: leaves that f uses without being given them, as a layer does. Checked
/// too: f gives the same bytes twice; it leaves inputs and parameters as they are (if not, nothing is compared); a
/// second backward() adds the same once more, but for rounding; an input without a gradient has no influence on y; y
/// has a history or depends on something. Parameters must be leaves that require a gradient; their gradients are
/// cleared, their values are as before afterwards. Throws ConfigError for an option out of range, StateError for another
/// parameter and when inputs and parameters have no element, ShapeError when the shape of y depends on the values, and
/// what f throws.
GradcheckResult gradcheck(const GradcheckFunction& f, const std::vector<Array>& inputs,
                          const std::vector<Tensor>& parameters, const GradcheckOptions& options = {});
GradcheckResult gradcheck(const GradcheckFunction& f, const std::vector<Array>& inputs,
                          const GradcheckOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
