#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/export/onnx_graph.h"
#include "core/kernels/activation_kind.h"
#include "layers/models/model.h"

namespace headlight {

/// The formulas that layers share, written into a graph with the parameters of a model. A `path` is that of a module:
/// "layers.0.attention.query". Shapes are in the letters of core/shape.h.
class OnnxBuilder {
 public:
  /// Both must outlive this.
  OnnxBuilder(OnnxGraph& graph, const Model& model);

  OnnxGraph& graph() { return graph_; }
  const Model& model() const { return model_; }

  bool has(const std::string& parameter) const { return tensors_.count(parameter) != 0; }
  /// Throws StateError when the model has none of this name.
  OnnxValue parameter(const std::string& name);
  /// Throws StateError that names what the graph has not used: it would not compute what the model does.
  void check_all_used() const;

  OnnxValue sum(const OnnxValue& a, const OnnxValue& b) { return graph_.node("Add", {a, b}); }
  OnnxValue difference(const OnnxValue& a, const OnnxValue& b) { return graph_.node("Sub", {a, b}); }
  OnnxValue product(const OnnxValue& a, const OnnxValue& b) { return graph_.node("Mul", {a, b}); }
  OnnxValue quotient(const OnnxValue& a, const OnnxValue& b) { return graph_.node("Div", {a, b}); }
  OnnxValue scaled(const OnnxValue& x, float factor) { return product(x, graph_.number(factor)); }
  OnnxValue matmul(const OnnxValue& a, const OnnxValue& b) { return graph_.node("MatMul", {a, b}); }
  /// 0 keeps the extent of x in this place, -1 is what remains.
  OnnxValue reshape(const OnnxValue& x, const std::vector<std::int64_t>& shape);
  OnnxValue transpose(const OnnxValue& x, const std::vector<std::int64_t>& axes);
  OnnxValue with_axes(const OnnxValue& x, const std::vector<std::int64_t>& axes);
  OnnxValue without_axes(const OnnxValue& x, const std::vector<std::int64_t>& axes);
  /// Sum over one axis; it stays with extent 1 where `keep` says so.
  OnnxValue sum_over(const OnnxValue& x, std::int64_t axis, bool keep);
  /// Elements [begin, end) of the last axis.
  OnnxValue part(const OnnxValue& x, std::int64_t begin, std::int64_t end);
  OnnxValue cast(const OnnxValue& x, int type);

  /// x W^T + b with the parameters `weight` and, where there is one, `bias` below `path`.
  OnnxValue linear(const OnnxValue& x, const std::string& path);
  /// The same with the weight and the bias of these names.
  OnnxValue linear(const OnnxValue& x, const std::string& weight, const std::string& bias);
  OnnxValue activation(const OnnxValue& x, Activation kind);
  /// x / sqrt(mean(x^2) + eps) over the last axis.
  OnnxValue rms_normalize(const OnnxValue& x, float eps);
  /// Convolution over time with the parameters below `path`: (B, T, in) -> (B, T', out).
  OnnxValue convolution(const OnnxValue& x, const std::string& path, std::size_t before, std::size_t after,
                        std::size_t dilation);

 private:
  OnnxValue turned(const std::string& weight);

  OnnxGraph& graph_;
  const Model& model_;
  std::map<std::string, Tensor> tensors_{};    ///< parameters and buffers
  std::map<std::string, OnnxValue> turned_{};  ///< transposed weights
};

}  // namespace headlight
