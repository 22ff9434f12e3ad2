#pragma once

#include <concepts>
#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The name of an operation; a literal, since nodes keep it without a copy.
struct OpName {
  consteval OpName(const char* name) : text(name) {}  // NOLINT(google-explicit-constructor): reads as a name
  std::string_view text;
};

/// Where a rule may add a gradient without an array of its own.
struct GradientTarget {
  Array& array;     ///< has the input's shape
  bool accumulate;  ///< true: add to what is there; false: overwrite, the content is arbitrary
};

/// What a joint backward rule sees. Inputs are numbered as they were given to make_op.
class BackwardPass {
 public:
  explicit BackwardPass(Node& node) : node_(node) {}

  /// Gradient of the first output; zeros when only another output received one.
  const Array& g();
  /// The same, moved out, so that a rule can work in its memory. Call at most once, and g() not afterwards.
  Array take_g();
  /// Gradient of output i >= 1, or null when none arrived.
  const Array* g(std::size_t output) const;
  /// True when the first output received a gradient.
  bool has_g() const;

  const Array& y() const;
  const Array& x(std::size_t input) const;

  /// False when nothing upstream of this input wants a gradient: the rule may skip the work. True for at least one
  /// input of every rule that runs.
  bool needs(std::size_t input) const;

  /// Adds dx to the gradient of an input that needs one; sums over the axes along which the input was broadcast.
  /// Throws ShapeError when dx neither has nor broadcasts from the input's shape.
  void give(std::size_t input, Array dx);

  /// The gradient array of an input itself, for a rule that can accumulate in place (no broadcasting). Throws StateError
  /// unless the input needs one: a rule of several inputs asks needs() first.
  GradientTarget target(std::size_t input);

 private:
  void check_input(std::size_t input) const;

  Node& node_;
  bool taken_ = false;
};

using JointRule = std::function<void(BackwardPass&)>;

using EdgeRule = std::function<Array(const Array& g, const Array& y)>;

/// One input with its own rule: gradient of the output -> gradient of this input, optionally with the output y.
struct Edge {
  template <class F>
  Edge(Tensor from, F f) : input(std::move(from)) {
    if constexpr (std::is_invocable_v<F, const Array&>) {
      static_assert(std::same_as<std::invoke_result_t<F, const Array&>, Array>,
                    "a rule must return Array (write '-> Array'): a lazy xtensor expression would dangle");
      rule = [f = std::move(f)](const Array& g, const Array&) { return f(g); };
    } else {
      static_assert(std::same_as<std::invoke_result_t<F, const Array&, const Array&>, Array>,
                    "a rule must return Array (write '-> Array'): a lazy xtensor expression would dangle");
      rule = std::move(f);
    }
  }

  Tensor input;
  EdgeRule rule;
};

/// Makes the result of an operation: its value y, and for each input the rule that turns the gradient of y into the
/// gradient of that input. A rule states mathematics only: the engine sums over broadcast axes, checks shapes and
/// accumulates. Ours and a user's operations are made by this same call:
///
///     Tensor square(const Tensor& x) {
///       return make_op("square", Array(x.value() * x.value()),
///                      {{x, [x](const Array& g) -> Array { return 2 * g * x.value(); }}});
///     }
///
/// A rule must not capture the result itself (it would never be freed): take y as the second argument.
/// Without gradients (NoGrad, or no input requires one) the rules are dropped and the result is a leaf-like constant.
/// Throws StateError on an empty input, NumericError inside a DetectNonFinite scope when y holds NaN or infinity.
Tensor make_op(OpName op, Array y, std::vector<Edge> edges);

/// The same with one rule for all inputs, for operations whose gradients share work.
Tensor make_op(OpName op, Array y, const std::vector<Tensor>& inputs, JointRule rule);

/// The same for an operation with several outputs. The rule reads their gradients by g(), g(1), g(2), ...
std::vector<Tensor> make_ops(OpName op, std::vector<Array> outputs, const std::vector<Tensor>& inputs, JointRule rule);

}  // namespace headlight::inline HEADLIGHT_PRECISION
