// How a model ends: the predictions' heads.
#include <cmath>
#include <string>

#include "apps/export/onnx_layers.h"
#include "core/error.h"
#include "layers/layer_error.h"

namespace headlight {
namespace {

/// last_position(): (B, T, C) -> (B, C).
OnnxValue last(OnnxContext& context, const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  OnnxGraph& graph = b.graph();
  if (!context.sequence.padded()) return graph.node("Gather", {x, graph.integer(-1)}, {{"axis", std::int64_t{1}}});
  const OnnxValue& lengths = context.sequence.lengths();
  const OnnxValue index = b.difference(graph.node("Max", {lengths, graph.integer(1)}), graph.integer(1));
  const OnnxValue y = graph.node("GatherND", {x, b.with_axes(index, {1})}, {{"batch_dims", std::int64_t{1}}});
  const OnnxValue some = b.with_axes(graph.node("Greater", {lengths, graph.integer(0)}), {1});
  return graph.node("Where", {some, y, graph.number(0)});
}

/// pooled_positions(): (B, T, C) -> (B, C).
OnnxValue pooled(OnnxContext& context, const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  OnnxGraph& graph = b.graph();
  if (!context.sequence.padded()) {
    return graph.node("ReduceMean", {x}, {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  }
  const OnnxValue total = b.sum_over(context.sequence.zero_padding(x), 1, false);
  // Where there is no position the sum is 0 already.
  const OnnxValue count = graph.node("Max", {context.sequence.lengths(), graph.integer(1)});
  return b.quotient(total, b.with_axes(b.cast(count, onnx::TensorProto::FLOAT), {1}));
}

OnnxValue positions_to_predict(OnnxContext& context, Predict predict, const OnnxValue& x) {
  if (predict == Predict::last) return last(context, x);
  if (predict == Predict::pooled) return pooled(context, x);
  return x;
}

OnnxValue pointer(OnnxContext& context, const std::string& path, const HeadOptions& options, const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  OnnxGraph& graph = b.graph();
  const OnnxValue from = positions_to_predict(context, options.pointer_query, x);
  const OnnxValue query = b.with_axes(b.linear(from, join_path(path, "query")), {2});
  const OnnxValue keys = b.linear(context.sequence.zero_padding(x), join_path(path, "key"));
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(options.width)));
  OnnxValue scores = b.without_axes(b.scaled(b.matmul(keys, query), scale), {2});
  if (!context.sequence.padded()) return scores;
  return graph.node("Where", {context.sequence.real(), scores, graph.number(f32::kExcludedLogit)});
}

}  // namespace

OnnxValue onnx_head(OnnxContext& context, const std::string& path, const HeadOptions& options, const std::string& tied,
                    const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  const OnnxScope scope(b.graph(), path);
  if (options.predict == Predict::pointer) return pointer(context, path, options, x);
  OnnxValue y = positions_to_predict(context, options.predict, x);
  std::string matrix = path;
  if (options.kind == HeadKind::mlp) {
    NormOptions norm = options.normalization;
    norm.width = options.width;
    y = onnx_norm(context, join_path(path, "norm"), norm, b.linear(y, join_path(path, "hidden")));
    y = b.activation(y, options.activation);
    matrix = join_path(path, "output");
  }
  return b.linear(y, tied.empty() ? join_path(matrix, "weight") : tied, join_path(matrix, "bias"));
}

}  // namespace headlight
