#include <cmath>

#include "autograd/ops/conv1d.h"
#include "autograd/ops/dropout.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/loss.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/normalize.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

const std::string kSmooth = "in [-2, 2], smooth";

void add_matmul(std::vector<OpCase>& cases) {
  struct Setting {
    Shape a, b;
    MatmulOptions options = {};
  };
  const std::vector<Setting> settings = {{{2, 3}, {3, 4}},
                                         {{1, 1}, {1, 1}},
                                         {{1, 5}, {5, 1}},
                                         {{3, 2}, {3, 4}, {.transpose_a = true}},
                                         {{2, 3}, {4, 3}, {.transpose_b = true}},
                                         {{2, 2, 3}, {3, 2}},
                                         {{2, 3}, {2, 3, 2}},
                                         {{2, 1, 2, 3}, {3, 3, 2}, {}},
                                         {{2, 3, 2}, {1, 4, 3}, {.transpose_a = true, .transpose_b = true}}};
  for (const Setting& s : settings) {
    const auto element = [s](const Array& x, std::vector<std::size_t> batch, std::size_t row, std::size_t column,
                             bool transposed) {
      batch.erase(batch.begin(), batch.end() - static_cast<std::ptrdiff_t>(x.dimension() - 2));
      for (std::size_t i = 0; i < batch.size(); ++i) batch[i] = x.shape()[i] == 1 ? 0 : batch[i];
      batch.push_back(transposed ? column : row);
      batch.push_back(transposed ? row : column);
      return at(x, batch);
    };
    const Reference reference = [s, element](const std::vector<Array>& x) {
      Shape a(x[0].shape().begin(), x[0].shape().end() - 2);
      Shape shape = broadcast_shape(a, Shape(x[1].shape().begin(), x[1].shape().end() - 2), "test");
      shape.push_back(x[0].shape()[x[0].dimension() - (s.options.transpose_a ? 1 : 2)]);
      shape.push_back(x[1].shape()[x[1].dimension() - (s.options.transpose_b ? 2 : 1)]);
      const std::size_t inner = x[0].shape()[x[0].dimension() - (s.options.transpose_a ? 2 : 1)];
      return by_index(shape, [&](const std::vector<std::size_t>& index) {
        const std::vector<std::size_t> batch(index.begin(), index.end() - 2);
        double total = 0;
        for (std::size_t k = 0; k < inner; ++k) {
          total += element(x[0], batch, index[index.size() - 2], k, s.options.transpose_a) *
                   element(x[1], batch, k, index.back(), s.options.transpose_b);
        }
        return total;
      });
    };
    cases.push_back({"matmul",
                     to_string(s.a) + " " + to_string(s.b),
                     kSmooth,
                     {drawn(s.a, -2, 2, 1000), drawn(s.b, -2, 2, 1001)},
                     [s](const std::vector<Tensor>& x) { return matmul(x[0], x[1], s.options); },
                     reference});
  }
  cases.push_back(
      {"matmul", "one input on both sides", kSmooth, {drawn({3, 3}, -2, 2, 1002)}, [](const std::vector<Tensor>& x) {
         return matmul(x[0], x[0]);
       }});
}

void add_linear(std::vector<OpCase>& cases) {
  for (const Shape& shape : {Shape{3}, Shape{1, 3}, Shape{4, 3}, Shape{2, 2, 3}, Shape{2, 1, 2, 3}}) {
    cases.push_back({"linear",
                     "without bias",
                     kSmooth,
                     {drawn(shape, -2, 2, 1003), drawn({2, 3}, -2, 2, 1004)},
                     [](const std::vector<Tensor>& x) { return linear(x[0], x[1], Tensor()); }});
    cases.push_back({"linear",
                     "with bias and gelu",
                     kSmooth,
                     {drawn(shape, -2, 2, 1005), drawn({2, 3}, -2, 2, 1006), drawn({2}, -2, 2, 1007)},
                     [](const std::vector<Tensor>& x) { return linear(x[0], x[1], x[2], Activation::gelu); }});
  }
  for (const Activation kind : {Activation::none, Activation::gelu_tanh, Activation::silu, Activation::tanh,
                                Activation::sigmoid, Activation::softplus}) {
    cases.push_back({"linear",
                     "each smooth activation",
                     kSmooth,
                     {drawn({5, 1}, -2, 2, 1008), drawn({3, 1}, -2, 2, 1009), drawn({3}, -2, 2, 1010)},
                     [kind](const std::vector<Tensor>& x) { return linear(x[0], x[1], x[2], kind); }});
  }
  cases.push_back({"linear",
                   "relu",
                   "products positive, bias 3 or -20: all pre-activations beyond 1 from the kink 0",
                   {drawn({5, 2}, 1, 2, 1011), drawn({2, 2}, 1, 2, 1012), Array{3, -20}},
                   [](const std::vector<Tensor>& x) { return linear(x[0], x[1], x[2], Activation::relu); }});
  cases.push_back(
      {"linear", "input and weight are one", kSmooth, {drawn({3, 3}, -2, 2, 1013)}, [](const std::vector<Tensor>& x) {
         return linear(x[0], x[0], Tensor());
       }});
}

void add_normalizations(std::vector<OpCase>& cases) {
  const Real eps = static_cast<Real>(1e-3);
  const std::string domain = "in [-2, 2], smooth since eps is 1e-3";
  for (const Shape& shape : {Shape{5}, Shape{1, 4}, Shape{2, 3}, Shape{2, 1, 6}, Shape{1, 2, 2, 3}}) {
    const Array x = drawn(shape, -2, 2, 1020);
    const Array gain = drawn({shape.back()}, -2, 2, 1021);
    const Array bias = drawn({shape.back()}, -2, 2, 1022);
    using In = const std::vector<Tensor>&;
    cases.push_back({"normalize", "", domain, {x}, [eps](In in) { return normalize(in[0], eps); }});
    cases.push_back({"rms_normalize", "", domain, {x}, [eps](In in) { return rms_normalize(in[0], eps); }});
    cases.push_back({"rms_norm", "gain", domain, {x, gain}, [eps](In in) { return rms_norm(in[0], in[1], eps); }});
    cases.push_back({"rms_norm", "no gain", domain, {x}, [eps](In in) { return rms_norm(in[0], Tensor(), eps); }});
    cases.push_back({"layer_norm", "gain and bias", domain, {x, gain, bias}, [eps](In in) {
                       return layer_norm(in[0], in[1], in[2], eps);
                     }});
    cases.push_back({"layer_norm", "gain only", domain, {x, gain}, [eps](In in) {
                       return layer_norm(in[0], in[1], Tensor(), eps);
                     }});
    cases.push_back({"layer_norm", "bias only", domain, {x, bias}, [eps](In in) {
                       return layer_norm(in[0], Tensor(), in[1], eps);
                     }});
  }
}

void add_losses(std::vector<OpCase>& cases) {
  struct Setting {
    Shape logits;
    Tokens targets;
    CrossEntropyOptions options = {};
  };
  const std::vector<Setting> settings = {{{4}, tokens({}, {2})},
                                         {{1, 3}, tokens({1}, {0})},
                                         {{3, 5}, tokens({3}, {4, 0, 2}), {.label_smoothing = 0.1}},
                                         {{2, 2, 3}, tokens({2, 2}, {0, -100, 2, 1})},
                                         {{2, 4}, tokens({2}, {3, 3}), {.reduction = Reduction::sum}},
                                         {{3, 2},
                                          tokens({3}, {1, -1, 0}),
                                          {.label_smoothing = 0.3, .ignore_index = -1, .weights = Array{1, 2, 0.5}}},
                                         {{2, 1}, tokens({2}, {0, 0})}};
  for (const Setting& s : settings) {
    cases.push_back({"cross_entropy",
                     to_string(s.logits),
                     "in [-3, 3], smooth",
                     {drawn(s.logits, -3, 3, 1030)},
                     [s](const std::vector<Tensor>& x) { return cross_entropy(x[0], s.targets, s.options); }});
  }
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{4}, Shape{2, 3}, Shape{2, 1, 3}}) {
    for (const Reduction reduction : {Reduction::mean, Reduction::sum}) {
      cases.push_back({"mse",
                       to_string(shape),
                       kSmooth,
                       {drawn(shape, -2, 2, 1031), drawn(shape, -2, 2, 1032)},
                       [reduction](const std::vector<Tensor>& x) { return mse(x[0], x[1], reduction); }});
    }
  }
}

void add_convolutions(std::vector<OpCase>& cases) {
  struct Setting {
    Shape x, weight;
    Conv1dOptions options = {};
  };
  const std::vector<Setting> settings = {{{1, 3, 1}, {1, 1, 1}},
                                         {{2, 5, 2}, {3, 2, 3}},
                                         {{1, 6, 2}, {2, 2, 2}, {.stride = 2}},
                                         {{2, 4, 1}, {2, 1, 2}, {.dilation = 2, .pad_left = 2}},
                                         {{1, 7, 2}, {1, 2, 3}, {.stride = 3, .pad_left = 1, .pad_right = 2}}};
  for (const Setting& s : settings) {
    cases.push_back({"conv1d",
                     "with bias",
                     kSmooth,
                     {drawn(s.x, -2, 2, 1040), drawn(s.weight, -2, 2, 1041), drawn({s.weight[0]}, -2, 2, 1042)},
                     [s](const std::vector<Tensor>& x) { return conv1d(x[0], x[1], x[2], s.options); }});
    cases.push_back({"conv1d",
                     "without bias",
                     kSmooth,
                     {drawn(s.x, -2, 2, 1043), drawn(s.weight, -2, 2, 1044)},
                     [s](const std::vector<Tensor>& x) { return conv1d(x[0], x[1], Tensor(), s.options); }});
  }
}

}  // namespace

std::vector<OpCase> fused_cases() {
  std::vector<OpCase> cases;
  add_matmul(cases);
  add_linear(cases);
  add_normalizations(cases);
  add_losses(cases);
  add_convolutions(cases);
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{9}, Shape{3, 7}, Shape{2, 1, 4}, Shape{1, 2, 2, 3}}) {
    cases.push_back(
        {"dropout",
         to_string(shape),
         "in [-2, 2]; linear for a fixed key",
         {drawn(shape, -2, 2, 1050)},
         [](const std::vector<Tensor>& x) { return dropout(x[0], 0.4, {.seed = 1, .stream = 2, .step = 3}); }});
  }
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
