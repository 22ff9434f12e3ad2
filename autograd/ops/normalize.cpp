#include "autograd/ops/normalize.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "core/error.h"
#include "core/kernels/layer_norm.h"
#include "core/kernels/reduce.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kNormRowsPerChunk = 128;

void check(std::string_view op, const Tensor& x, const Tensor& gain, const Tensor& bias, Real eps) {
  if (x.rank() == 0 || x.extent(-1) == 0) {
    raise<ShapeError>(op, "x needs a last axis with at least one element", "shape " + to_string(x.shape()));
  }
  if (!(eps >= 0) || std::isinf(eps)) {
    raise<ConfigError>(op, "eps must be finite and not negative", "eps = " + std::to_string(eps));
  }
  for (const Tensor* row : {&gain, &bias}) {
    if (row->defined() && (row->rank() != 1 || row->extent(0) != x.extent(-1))) {
      raise<ShapeError>(op, "gain and bias must have the extent of x's last axis",
                        to_string(row->shape()) + " for x " + to_string(x.shape()));
    }
  }
}

struct Rows {
  std::size_t rows;
  std::size_t cols;
  explicit Rows(const Array& x) : rows(x.size() / x.shape().back()), cols(x.shape().back()) {}
  std::size_t chunks() const { return (rows + kNormRowsPerChunk - 1) / kNormRowsPerChunk; }
};

/// Sums of each chunk of rows for a gain or bias, added to its gradient in the order of the chunks.
class ChunkSums {
 public:
  ChunkSums(bool wanted, const Rows& rows) {
    if (wanted) partial_.emplace(zeros({rows.chunks(), rows.cols}));
  }
  Real* chunk(std::size_t first_row) {
    return partial_.has_value() ? partial_->data() + first_row / kNormRowsPerChunk * partial_->shape()[1] : nullptr;
  }
  void deliver(BackwardPass& pass, std::size_t input) {
    if (!partial_.has_value()) return;
    const GradientTarget target = pass.target(input);
    Real* const to = target.array.data();
    if (!target.accumulate) std::fill(to, to + target.array.size(), Real{0});
    kernels::add_column_sums(partial_->data(), to, partial_->shape()[0], partial_->shape()[1]);
  }

 private:
  std::optional<Array> partial_;
};

const Real* data_or_null(const Tensor& row) { return row.defined() ? row.value().data() : nullptr; }

Tensor apply_layer_norm(OpName op, const Tensor& x, const Tensor& gain, const Tensor& bias, Real eps) {
  check(op.text, x, gain, bias, eps);
  const Rows size(x.value());
  Array y = uninitialized(x.shape());
  Array mean = uninitialized({size.rows});
  Array rstd = uninitialized({size.rows});
  parallel_ranges(size.rows, kNormRowsPerChunk, [&](std::size_t begin, std::size_t end) {
    kernels::layer_norm_rows(x.value().data() + begin * size.cols, data_or_null(gain), data_or_null(bias), eps,
                             y.data() + begin * size.cols, mean.data() + begin, rstd.data() + begin, end - begin,
                             size.cols);
  });
  std::vector<Tensor> inputs{x};
  if (gain.defined()) inputs.push_back(gain);
  if (bias.defined()) inputs.push_back(bias);
  // With h = (x - mean) rstd and e = g gain:
  //   dx = rstd (e - mean(e) - h mean(e h)),  dgain = sum over rows of g h,  dbias = sum over rows of g.
  return make_op(op, std::move(y), inputs,
                 [mean = std::move(mean), rstd = std::move(rstd), has_gain = gain.defined(),
                  has_bias = bias.defined()](BackwardPass& pass) {
                   const std::size_t bias_input = has_gain ? 2 : 1;
                   const Array& x_value = pass.x(0);
                   const Rows rows(x_value);
                   ChunkSums dgain(has_gain && pass.needs(1), rows);
                   ChunkSums dbias(has_bias && pass.needs(bias_input), rows);
                   const Real* const gain_data = has_gain ? pass.x(1).data() : nullptr;
                   const Array& g = pass.g();
                   Array dx(x_value.shape());
                   parallel_ranges(rows.rows, kNormRowsPerChunk, [&](std::size_t begin, std::size_t end) {
                     const std::size_t first = begin * rows.cols;
                     kernels::layer_norm_backward_rows(x_value.data() + first, mean.data() + begin, rstd.data() + begin,
                                                       gain_data, g.data() + first, dx.data() + first,
                                                       dgain.chunk(begin), dbias.chunk(begin), end - begin, rows.cols);
                   });
                   dgain.deliver(pass, 1);
                   dbias.deliver(pass, bias_input);
                   pass.give(0, std::move(dx));
                 });
}

Tensor apply_rms_norm(OpName op, const Tensor& x, const Tensor& gain, Real eps) {
  check(op.text, x, gain, Tensor(), eps);
  const Rows size(x.value());
  Array y = uninitialized(x.shape());
  Array rstd = uninitialized({size.rows});
  parallel_ranges(size.rows, kNormRowsPerChunk, [&](std::size_t begin, std::size_t end) {
    kernels::rms_norm_rows(x.value().data() + begin * size.cols, data_or_null(gain), eps, y.data() + begin * size.cols,
                           rstd.data() + begin, end - begin, size.cols);
  });
  std::vector<Tensor> inputs{x};
  if (gain.defined()) inputs.push_back(gain);
  // With h = x rstd and e = g gain:  dx = rstd (e - h mean(e h)),  dgain = sum over rows of g h.
  return make_op(op, std::move(y), inputs, [rstd = std::move(rstd), has_gain = gain.defined()](BackwardPass& pass) {
    const Array& x_value = pass.x(0);
    const Rows rows(x_value);
    ChunkSums dgain(has_gain && pass.needs(1), rows);
    const Real* const gain_data = has_gain ? pass.x(1).data() : nullptr;
    const Array& g = pass.g();
    Array dx(x_value.shape());
    parallel_ranges(rows.rows, kNormRowsPerChunk, [&](std::size_t begin, std::size_t end) {
      const std::size_t first = begin * rows.cols;
      kernels::rms_norm_backward_rows(x_value.data() + first, rstd.data() + begin, gain_data, g.data() + first,
                                      dx.data() + first, dgain.chunk(begin), end - begin, rows.cols);
    });
    dgain.deliver(pass, 1);
    pass.give(0, std::move(dx));
  });
}

}  // namespace

Tensor normalize(const Tensor& x, Real eps) { return apply_layer_norm("normalize", x, Tensor(), Tensor(), eps); }

Tensor layer_norm(const Tensor& x, const Tensor& gain, const Tensor& bias, Real eps) {
  return apply_layer_norm("layer_norm", x, gain, bias, eps);
}

Tensor rms_normalize(const Tensor& x, Real eps) { return apply_rms_norm("rms_normalize", x, Tensor(), eps); }

Tensor rms_norm(const Tensor& x, const Tensor& gain, Real eps) { return apply_rms_norm("rms_norm", x, gain, eps); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
