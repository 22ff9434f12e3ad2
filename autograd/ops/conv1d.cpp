#include "autograd/ops/conv1d.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct Geometry {
  std::size_t batch, time, channels, kernel, out_time;
  Conv1dOptions options;

  std::size_t columns() const { return channels * kernel; }

  /// Calls f(position) for the input position under tap j of output t, unless it lies in the padding.
  template <class F>
  void at_tap(std::size_t t, std::size_t j, F f) const {
    const std::size_t padded = t * options.stride + j * options.dilation;
    if (padded >= options.pad_left && padded - options.pad_left < time) f(padded - options.pad_left);
  }
};

Geometry checked(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  const auto shapes = [&] { return "x " + to_string(x.shape()) + ", weight " + to_string(weight.shape()); };
  if (x.rank() != 3 || weight.rank() != 3) {
    raise<ShapeError>("conv1d", "x must be (B, T, Cin) and the weight (Cout, Cin, K)", shapes());
  }
  if (x.extent(2) != weight.extent(1)) raise<ShapeError>("conv1d", "the numbers of input channels differ", shapes());
  if (bias.defined() && bias.shape() != Shape{weight.extent(0)}) {
    raise<ShapeError>("conv1d", "the bias does not match the output channels",
                      "bias " + to_string(bias.shape()) + ", " + shapes());
  }
  if (options.stride == 0 || options.dilation == 0) {
    raise<ConfigError>("conv1d", "stride and dilation must be at least 1",
                       fmt::format("stride {}, dilation {}", options.stride, options.dilation));
  }
  const std::size_t kernel = weight.extent(2);
  std::size_t behind_left = 0;
  std::size_t padded = 0;
  if (__builtin_add_overflow(x.extent(1), options.pad_left, &behind_left) ||
      __builtin_add_overflow(behind_left, options.pad_right, &padded)) {
    raise<ShapeError>("conv1d", "the padding is too large",
                      fmt::format("pad_left {}, pad_right {}; {}", options.pad_left, options.pad_right, shapes()),
                      "check the sizes for an underflow such as 3 - 4");
  }
  std::size_t last_tap = 0;
  std::size_t reach = 0;
  if (kernel != 0 && (__builtin_mul_overflow(kernel - 1, options.dilation, &last_tap) ||
                      __builtin_add_overflow(last_tap, std::size_t{1}, &reach))) {
    raise<ShapeError>("conv1d", "the dilation is too large", fmt::format("dilation {}; {}", options.dilation, shapes()),
                      "check the sizes for an underflow such as 3 - 4");
  }
  if (kernel == 0 || reach > padded) {
    raise<ShapeError>("conv1d", "the kernel does not fit into the padded input",
                      fmt::format("it spans {} of {} positions; {}", reach, padded, shapes()), "pad the input");
  }
  return {x.extent(0), x.extent(1), x.extent(2), kernel, (padded - reach) / options.stride + 1, options};
}

/// The inputs under the kernel as rows: (B * Tout, Cin * K), so that the convolution is one matrix product.
Array unfold(const Array& x, const Geometry& geometry) {
  Array columns = zeros({geometry.batch * geometry.out_time, geometry.columns()});
  parallel_for(geometry.batch, [&](std::size_t b) {
    for (std::size_t t = 0; t < geometry.out_time; ++t) {
      Real* const row = columns.data() + (b * geometry.out_time + t) * geometry.columns();
      for (std::size_t j = 0; j < geometry.kernel; ++j) {
        geometry.at_tap(t, j, [&](std::size_t position) {
          const Real* const from = x.data() + (b * geometry.time + position) * geometry.channels;
          for (std::size_t c = 0; c < geometry.channels; ++c) row[c * geometry.kernel + j] = from[c];
        });
      }
    }
  });
  return columns;
}

/// The transpose of unfold: each column's gradient back to the position it was read from.
Array fold(const Array& columns, const Geometry& geometry, const Shape& shape) {
  Array x = zeros(shape);
  parallel_for(geometry.batch, [&](std::size_t b) {
    for (std::size_t t = 0; t < geometry.out_time; ++t) {
      const Real* const row = columns.data() + (b * geometry.out_time + t) * geometry.columns();
      for (std::size_t j = 0; j < geometry.kernel; ++j) {
        geometry.at_tap(t, j, [&](std::size_t position) {
          Real* const to = x.data() + (b * geometry.time + position) * geometry.channels;
          for (std::size_t c = 0; c < geometry.channels; ++c) to[c] += row[c * geometry.kernel + j];
        });
      }
    }
  });
  return x;
}

ConstMatrix weight_matrix(const Array& weight) {
  const std::size_t columns = weight.shape()[1] * weight.shape()[2];
  return {weight.data(), weight.shape()[0], columns, columns};
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv1dOptions& options) {
  const Geometry geometry = checked(x, weight, bias, options);
  Array y = uninitialized({geometry.batch, geometry.out_time, weight.extent(0)});
  const Array columns = unfold(x.value(), geometry);
  parallel_gemm(1, as_matrix(columns), transposed(weight_matrix(weight.value())), 0, as_matrix(y));
  if (bias.defined()) {
    const std::size_t outputs = weight.extent(0);
    const Real* const added = bias.value().data();
    for (std::size_t row = 0; row < geometry.batch * geometry.out_time; ++row) {
      Real* const to = y.data() + row * outputs;
      for (std::size_t o = 0; o < outputs; ++o) to[o] += added[o];
    }
  }
  std::vector<Tensor> inputs{x, weight};
  if (bias.defined()) inputs.push_back(bias);
  // With U = unfold(x) and y = U W^T + b:  dW = g^T U,  db = column sums of g,  dx = fold(g W).
  return make_op("conv1d", std::move(y), inputs, [geometry, has_bias = bias.defined()](BackwardPass& pass) {
    const ConstMatrix g = as_matrix(pass.g());
    if (pass.needs(1)) {
      Array dweight(pass.x(1).shape());
      const Array unfolded = unfold(pass.x(0), geometry);
      parallel_gemm(1, transposed(g), as_matrix(unfolded), 0,
                    {dweight.data(), g.cols, geometry.columns(), geometry.columns()});
      pass.give(1, std::move(dweight));
    }
    if (pass.needs(0)) {
      Array dcolumns = uninitialized({g.rows, geometry.columns()});
      parallel_gemm(1, g, weight_matrix(pass.x(1)), 0, as_matrix(dcolumns));
      pass.give(0, fold(dcolumns, geometry, pass.x(0).shape()));
    }
    if (has_bias && pass.needs(2)) {
      pass.give(2, sum_to(pass.g(), {g.cols}));
    }
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
