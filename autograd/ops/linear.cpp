#include "autograd/ops/linear.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/kernels/activation.h"
#include "core/kernels/reduce.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (weight.rank() != 2) {
    raise<ShapeError>("linear", "the weight is not a matrix (out, in)", to_string(weight.shape()));
  }
  if (x.rank() == 0 || x.extent(-1) != weight.extent(1)) {
    raise<ShapeError>("linear", "the last axis of x does not match the inputs of the weight",
                      "x " + to_string(x.shape()) + ", weight (out, in) " + to_string(weight.shape()));
  }
  if (bias.defined() && (bias.rank() != 1 || bias.extent(0) != weight.extent(0))) {
    raise<ShapeError>("linear", "the bias does not match the outputs of the weight",
                      "bias " + to_string(bias.shape()) + ", weight (out, in) " + to_string(weight.shape()));
  }
}

/// Adds `chunks` rows of partial sums, in order, to a gradient.
void add_partial_sums(const Array& partial, GradientTarget target) {
  const std::size_t cols = partial.shape()[1];
  Real* const to = target.array.data();
  if (!target.accumulate) std::fill(to, to + cols, Real{0});
  kernels::add_column_sums(partial.data(), to, partial.shape()[0], cols);
}

struct Linear {
  Activation activation;
  bool has_bias;
  std::optional<Array> pre_activation;  ///< where the derivative needs it

  // z = x W^T + b, y = f(z):
  //   dz = g f'(z),  dx = dz W,  dW = dz^T x,  db = column sums of dz.
  // One sweep over row blocks makes dz, the block's part of db, and dx while dz is in the cache; dW follows over all rows.
  void operator()(BackwardPass& pass) const {
    const ConstMatrix x = as_matrix(pass.x(0));
    const ConstMatrix weight = as_matrix(pass.x(1));
    const bool wants_dbias = has_bias && pass.needs(2);
    const std::size_t grain = gemm_row_grain(x.rows);
    const std::size_t chunks = x.rows == 0 ? 0 : (x.rows + grain - 1) / grain;

    std::optional<Array> dz_storage;
    if (activation != Activation::none) dz_storage.emplace(pass.y().shape());
    const Array& dz_array = activation == Activation::none ? pass.g() : *dz_storage;
    const ConstMatrix dz = as_matrix(dz_array);
    Array partial = wants_dbias ? zeros({chunks, dz.cols}) : Array();
    std::optional<Array> dx;
    if (pass.needs(0)) dx.emplace(pass.x(0).shape());

    parallel_ranges(x.rows, grain, [&](std::size_t begin, std::size_t end) {
      Real* const dbias = wants_dbias ? partial.data() + begin / grain * dz.cols : nullptr;
      const std::size_t first = begin * dz.cols;
      if (activation != Activation::none) {
        const Real* const z = pre_activation.has_value() ? pre_activation->data() + first : nullptr;
        kernels::bias_activation_backward_rows(activation, z, pass.y().data() + first, pass.g().data() + first,
                                               dz_storage->data() + first, dbias, end - begin, dz.cols);
      } else if (dbias != nullptr) {
        kernels::add_column_sums(dz.data + first, dbias, end - begin, dz.cols);
      }
      if (dx.has_value())
        gemm(1, rows_of(dz, begin, end - begin), weight, 0, rows_of(as_matrix(*dx), begin, end - begin));
    });

    if (pass.needs(1)) {
      const GradientTarget dweight = pass.target(1);
      parallel_gemm(1, transposed(dz), x, dweight.accumulate ? Real{1} : Real{0}, as_matrix(dweight.array));
    }
    if (wants_dbias) add_partial_sums(partial, pass.target(2));
    if (dx.has_value()) pass.give(0, std::move(*dx));
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  check(x, weight, bias);
  Shape shape = x.shape();
  shape.back() = weight.extent(0);
  Array y = uninitialized(shape);
  const bool keeps_pre_activation = activation != Activation::none && !derivative_uses_output(activation);
  std::optional<Array> pre_activation;
  if (keeps_pre_activation) pre_activation.emplace(shape);

  const ConstMatrix from = as_matrix(x.value());
  const Matrix z = as_matrix(keeps_pre_activation ? *pre_activation : y);
  const ConstMatrix weight_t = transposed(as_matrix(weight.value()));
  const Real* const bias_data = bias.defined() ? bias.value().data() : nullptr;
  parallel_ranges(from.rows, gemm_row_grain(from.rows), [&](std::size_t begin, std::size_t end) {
    const Matrix block = rows_of(z, begin, end - begin);
    gemm(1, rows_of(from, begin, end - begin), weight_t, 0, block);
    kernels::bias_activation_rows(activation, block.data, bias_data, y.data() + begin * z.cols, end - begin, z.cols);
  });

  std::vector<Tensor> inputs{x, weight};
  if (bias.defined()) inputs.push_back(bias);
  return make_op("linear", std::move(y), inputs, Linear{activation, bias.defined(), std::move(pre_activation)});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
