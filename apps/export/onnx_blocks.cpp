#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/export/onnx_layers.h"
#include "layers/layer_config.h"
#include "layers/layer_options.h"

namespace headlight {
namespace {

/// A sublayer and what stands around it: the names of its modules are those that Block and Residual give them.
struct Step {
  OnnxLayer body;
  std::string norm_before;
  std::string norm_after;
  std::string connection;
};

OnnxValue joined(OnnxContext& context, const std::string& path, const ResidualConnectionOptions& options,
                 const OnnxValue& x, const OnnxValue& y) {
  OnnxBuilder& b = context.builder;
  const OnnxScope scope(b.graph(), path);
  if (options.kind == ResidualKind::gated) {
    const OnnxValue gate = b.activation(b.linear(x, path + ".gate_weight", path + ".gate_bias"), Activation::sigmoid);
    return b.sum(x, b.product(gate, b.difference(y, x)));
  }
  const OnnxValue skip = options.skip_scale == 1 ? x : b.scaled(x, static_cast<float>(options.skip_scale));
  return b.sum(skip, options.kind == ResidualKind::scaled ? b.product(b.parameter(path + ".scale"), y) : y);
}

/// ResidualStep::added(): `input` through the step, added to `sum`.
OnnxValue added(OnnxContext& context, const Step& step, const StepOperations& operations,
                const ResidualOptions& options, const OnnxValue& sum, const OnnxValue& input) {
  OnnxValue y = input;
  for (const char letter : operations.before) {
    if (letter == 'n') y = onnx_norm(context, step.norm_before, options.normalization, y);
  }
  y = onnx_layer(context, step.body, y);
  for (const char letter : operations.after) {
    if (letter == 'n') y = onnx_norm(context, step.norm_after, options.normalization, y);
    if (letter == 'a' || letter == 'h') y = joined(context, step.connection, options.connection, sum, y);
  }
  return y;
}

bool normalizes(const std::string& operations) { return operations.find('n') != std::string::npos; }

}  // namespace

OnnxValue onnx_block(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x) {
  const LayerConfig config(layer.json, layer.place);
  const ResidualOptions options = block_options(config);
  const bool parallel = !options.operations.has_value() && options.norm == NormPlacement::parallel;
  StepOperations operations = checked_operations(options);
  if (parallel) operations.before.clear();
  const bool norm_before = normalizes(operations.before);
  const OnnxValue normalized =
      parallel ? onnx_norm(context, join_path(layer.path, "norm"), options.normalization, x) : OnnxValue();
  const nlohmann::json& steps = layer.json.at("steps");
  OnnxValue y = x;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string number = std::to_string(i);
    const std::string path = join_path(layer.path, steps[i].value("name", number));
    const Step step{.body = {steps[i], join_path(config.path_of("steps"), number), path},
                    .norm_before = path + "_norm",
                    .norm_after = path + (norm_before ? "_post_norm" : "_norm"),
                    .connection = path + "_residual"};
    y = added(context, step, operations, options, y, parallel ? normalized : y);
  }
  return y;
}

OnnxValue onnx_residual(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x) {
  const LayerConfig config(layer.json, layer.place);
  const ResidualOptions options = residual_options(config);
  const StepOperations operations = checked_operations(options);
  const auto below = [&](const char* name) { return join_path(layer.path, name); };
  const Step step{.body = {layer.json.at("body"), config.path_of("body"), below("body")},
                  .norm_before = below("norm"),
                  .norm_after = below(normalizes(operations.before) ? "post_norm" : "norm"),
                  .connection = below("residual")};
  return added(context, step, operations, options, x, x);
}

}  // namespace headlight
