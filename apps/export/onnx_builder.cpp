#include "apps/export/onnx_builder.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/training/weights.h"
#include "core/error.h"

namespace headlight {

OnnxBuilder::OnnxBuilder(OnnxGraph& graph, const Model& model) : graph_(graph), model_(model) {
  for (const NamedBuffer& saved : saved_tensors(model)) tensors_.emplace(saved.name, saved.tensor);
}

OnnxValue OnnxBuilder::parameter(const std::string& name) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    raise<StateError>("onnx", fmt::format("the model has no parameter `{}`", name), {},
                      "give the composed form that the model was built from");
  }
  return graph_.parameter(name, found->second.value());
}

void OnnxBuilder::check_all_used() const {
  std::vector<std::string> unused;
  for (const auto& entry : tensors_) {
    if (graph_.parameters().count(entry.first) == 0) unused.push_back(entry.first);
  }
  if (unused.empty()) return;
  raise<StateError>("onnx", fmt::format("the graph does not use {}", fmt::join(unused, ", ")), {},
                    "give the composed form that the model was built from");
}

OnnxValue OnnxBuilder::reshape(const OnnxValue& x, const std::vector<std::int64_t>& shape) {
  return graph_.node("Reshape", {x, graph_.integers(shape)});
}

OnnxValue OnnxBuilder::transpose(const OnnxValue& x, const std::vector<std::int64_t>& axes) {
  return graph_.node("Transpose", {x}, {{"perm", axes}});
}

OnnxValue OnnxBuilder::with_axes(const OnnxValue& x, const std::vector<std::int64_t>& axes) {
  return graph_.node("Unsqueeze", {x, graph_.integers(axes)});
}

OnnxValue OnnxBuilder::without_axes(const OnnxValue& x, const std::vector<std::int64_t>& axes) {
  return graph_.node("Squeeze", {x, graph_.integers(axes)});
}

OnnxValue OnnxBuilder::sum_over(const OnnxValue& x, std::int64_t axis, bool keep) {
  return graph_.node("ReduceSum", {x, graph_.integers({axis})}, {{"keepdims", std::int64_t{keep ? 1 : 0}}});
}

OnnxValue OnnxBuilder::part(const OnnxValue& x, std::int64_t begin, std::int64_t end) {
  return graph_.node("Slice",
                     {x, graph_.integers({begin}), graph_.integers({end}), graph_.integers({std::int64_t{-1}})});
}

OnnxValue OnnxBuilder::cast(const OnnxValue& x, int type) {
  return graph_.node("Cast", {x}, {{"to", std::int64_t{type}}});
}

OnnxValue OnnxBuilder::turned(const std::string& weight) {
  const auto found = turned_.find(weight);
  if (found != turned_.end()) return found->second;
  OnnxValue made = transpose(parameter(weight), {1, 0});
  turned_.emplace(weight, made);
  return made;
}

OnnxValue OnnxBuilder::linear(const OnnxValue& x, const std::string& path) {
  const OnnxScope scope(graph_, path);
  return linear(x, path + ".weight", path + ".bias");
}

OnnxValue OnnxBuilder::linear(const OnnxValue& x, const std::string& weight, const std::string& bias) {
  const OnnxValue y = matmul(x, turned(weight));
  return has(bias) ? sum(y, parameter(bias)) : y;
}

OnnxValue OnnxBuilder::activation(const OnnxValue& x, Activation kind) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::relu:
      return graph_.node("Relu", {x});
    case Activation::gelu: {
      // x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2
      const OnnxValue erf = graph_.node("Erf", {scaled(x, static_cast<float>(1 / std::sqrt(2.0)))});
      return product(scaled(x, 0.5F), sum(erf, graph_.number(1)));
    }
    case Activation::gelu_tanh: {
      // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
      constexpr double kTwoOverPi = 0.6366197723675814;
      const OnnxValue cubic = sum(x, product(scaled(product(x, x), 0.044715F), x));
      const OnnxValue tanh = graph_.node("Tanh", {scaled(cubic, static_cast<float>(std::sqrt(kTwoOverPi)))});
      return product(scaled(x, 0.5F), sum(tanh, graph_.number(1)));
    }
    case Activation::silu:
      return product(x, graph_.node("Sigmoid", {x}));
    case Activation::tanh:
      return graph_.node("Tanh", {x});
    case Activation::sigmoid:
      return graph_.node("Sigmoid", {x});
    case Activation::softplus:
      return graph_.node("Softplus", {x});
  }
  raise<StateError>("onnx", "an activation that has no operators");
}

OnnxValue OnnxBuilder::rms_normalize(const OnnxValue& x, float eps) {
  const OnnxValue mean = graph_.node("ReduceMean", {product(x, x)},
                                     {{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t{1}}});
  return quotient(x, graph_.node("Sqrt", {sum(mean, graph_.number(eps))}));
}

OnnxValue OnnxBuilder::convolution(const OnnxValue& x, const std::string& path, std::size_t before, std::size_t after,
                                   std::size_t dilation) {
  const OnnxScope scope(graph_, path);
  std::vector<OnnxValue> inputs = {transpose(x, {0, 2, 1}), parameter(path + ".weight")};
  if (has(path + ".bias")) inputs.push_back(parameter(path + ".bias"));
  const OnnxValue y = graph_.node("Conv", inputs,
                                  {{"pads", std::vector<std::int64_t>{static_cast<std::int64_t>(before),
                                                                      static_cast<std::int64_t>(after)}},
                                   {"dilations", std::vector<std::int64_t>{static_cast<std::int64_t>(dilation)}}});
  return transpose(y, {0, 2, 1});
}

}  // namespace headlight
