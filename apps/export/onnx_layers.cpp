#include "apps/export/onnx_layers.h"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "layers/attention_config.h"
#include "layers/layer_config.h"
#include "layers/layer_options.h"

namespace headlight {
namespace {

using Json = nlohmann::json;

NormOptions as_norm(const BatchNormOptions& o) {
  return {.type = NormType::batch, .width = o.width, .eps = o.eps, .per_position = o.per_position};
}

OnnxValue feed_forward(OnnxContext& context, const std::string& path, const FeedForwardOptions& options,
                       const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  const OnnxScope scope(b.graph(), path);
  OnnxValue h = b.linear(x, path + ".up");
  h = options.gated ? b.product(b.activation(b.linear(x, path + ".gate"), options.activation), h)
                    : b.activation(h, options.activation);
  return b.linear(h, path + ".down");
}

OnnxValue conv1d(OnnxContext& context, const std::string& path, const Conv1dLayerOptions& o, const OnnxValue& x) {
  const std::size_t reach = (o.kernel - 1) * o.dilation;
  const std::size_t behind = o.causal || context.causal ? reach : reach / 2;
  const OnnxValue shown = context.sequence.zero_padding(x);
  return context.builder.convolution(shown, path, behind, reach - behind, o.dilation);
}

using Spelling = std::function<OnnxValue(OnnxContext&, const OnnxLayer&, const LayerConfig&, const OnnxValue&)>;

/// The layer types that a graph can hold: all that come with Headlight.
const std::map<std::string, Spelling>& spellings() {
  static const std::map<std::string, Spelling> all = {
      {"activation", [](OnnxContext& context, const OnnxLayer&, const LayerConfig& config,
                        const OnnxValue& x) { return context.builder.activation(x, activation_option(config)); }},
      {"batch_norm",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         return onnx_norm(context, layer.path, as_norm(batch_norm_options(config)), x);
       }},
      {"block", [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig&,
                   const OnnxValue& x) { return onnx_block(context, layer, x); }},
      {"conv1d", [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config,
                    const OnnxValue& x) { return conv1d(context, layer.path, conv1d_options(config), x); }},
      {"dense",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         return context.builder.activation(context.builder.linear(x, layer.path), dense_options(config).activation);
       }},
      {"dropout", [](OnnxContext&, const OnnxLayer&, const LayerConfig&, const OnnxValue& x) { return x; }},
      {"feed_forward",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         return feed_forward(context, layer.path, feed_forward_options(config), x);
       }},
      {"layer_norm",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         const LayerNormOptions o = layer_norm_options(config);
         return onnx_norm(context, layer.path, {.type = NormType::layer, .width = o.width, .eps = o.eps}, x);
       }},
      {"learned_positions",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         const OnnxScope scope(context.builder.graph(), layer.path);
         const OnnxValue table = context.builder.parameter(layer.path + ".weight");
         return onnx_positions(context, table, position_range(config), x);
       }},
      {"linear_head",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         return onnx_head(context, layer.path, linear_head_options(config), {}, x);
       }},
      {"mlp_head",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         HeadOptions options = mlp_head_options(config);
         options.kind = HeadKind::mlp;
         return onnx_head(context, layer.path, options, {}, x);
       }},
      {"multi_head_attention", [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig&,
                                  const OnnxValue& x) { return onnx_attention(context, layer, x); }},
      {"pointer_head",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         HeadOptions options = pointer_head_options(config);
         options.predict = Predict::pointer;
         return onnx_head(context, layer.path, options, {}, x);
       }},
      {"residual", [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig&,
                      const OnnxValue& x) { return onnx_residual(context, layer, x); }},
      {"rms_norm",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         const RMSNormOptions o = rms_norm_options(config);
         return onnx_norm(context, layer.path, {.type = NormType::rms, .width = o.width, .eps = o.eps}, x);
       }},
      {"sequential",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         return onnx_layers(context, {layer.json.at("layers"), config.path_of("layers"), layer.path}, x);
       }},
      {"sinusoidal_positions",
       [](OnnxContext& context, const OnnxLayer& layer, const LayerConfig& config, const OnnxValue& x) {
         const OnnxScope scope(context.builder.graph(), layer.path);
         const PositionRange range = position_range(config);
         const Array table = sinusoidal_table(range.rows(), config.size("width"));
         const OnnxValue rows =
             context.builder.graph().numbers({table.data(), table.data() + table.size()}, Shape(table.shape()));
         return onnx_positions(context, rows, range, x);
       }},
  };
  return all;
}

void collect_of_layer(const Json& layer, const std::string& place, LayerFaults& faults) {
  const LayerConfig config(layer, place);
  if (spellings().count(config.type()) == 0) {
    faults.add(
        {.path = place,
         .what = fmt::format("a layer of type `{}` cannot be exported: it did not come with Headlight, and an ONNX "
                             "file holds operators, not the code of a layer",
                             config.type()),
         .help = "compose it of layers that `headlight layers` lists without a plugin"});
    return;
  }
  if (config.type() == "multi_head_attention" && attention_options(config).user_score != nullptr) {
    faults.add({.path = join_path(place, "score"),
                .what = "a score of your own cannot be exported: an ONNX file holds operators, not the code of a score",
                .help = "use scaled_dot, dot, bilinear, additive, cosine or l2"});
  }
  for (const char* key : {"layers", "steps"}) {
    if (layer.contains(key)) collect_unsupported(layer.at(key), join_path(place, key), faults);
  }
  if (layer.contains("body")) collect_of_layer(layer.at("body"), join_path(place, "body"), faults);
}

}  // namespace

void collect_unsupported(const Json& list, const std::string& place, LayerFaults& faults) {
  for (std::size_t i = 0; i < list.size(); ++i) collect_of_layer(list[i], join_path(place, std::to_string(i)), faults);
}

OnnxValue onnx_layer(OnnxContext& context, const OnnxLayer& layer, const OnnxValue& x) {
  const LayerConfig config(layer.json, layer.place);
  const OnnxScope scope(context.builder.graph(), layer.path);
  return spellings().at(config.type())(context, layer, config, x);
}

OnnxValue onnx_layers(OnnxContext& context, const OnnxLayer& list, const OnnxValue& x) {
  OnnxValue y = x;
  for (std::size_t i = 0; i < list.json.size(); ++i) {
    const Json& item = list.json[i];
    const std::string name = item.value("name", std::to_string(i));
    y = onnx_layer(context, {item, join_path(list.place, std::to_string(i)), join_path(list.path, name)}, y);
  }
  return y;
}

OnnxValue onnx_norm(OnnxContext& context, const std::string& path, const NormOptions& options, const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  OnnxGraph& graph = b.graph();
  const OnnxScope scope(graph, path);
  const auto eps = static_cast<float>(options.eps);
  const bool has_gain = b.has(path + ".gain");
  const bool has_bias = b.has(path + ".bias");
  if (options.type == NormType::layer) {
    const OnnxValue gain = has_gain ? b.parameter(path + ".gain")
                                    : graph.numbers(std::vector<float>(options.width, 1.0F), {options.width});
    std::vector<OnnxValue> inputs = {x, gain};
    if (has_bias) inputs.push_back(b.parameter(path + ".bias"));
    return graph.node("LayerNormalization", inputs, {{"axis", std::int64_t{-1}}, {"epsilon", eps}});
  }
  OnnxValue y;
  if (options.type == NormType::rms) {
    y = b.rms_normalize(x, eps);
  } else {
    const auto rows = [&](const char* name) {
      OnnxValue all = b.parameter(path + name);
      if (!options.per_position) return all;
      return graph.node("Gather", {all, context.sequence.positions()}, {{"axis", std::int64_t{0}}});
    };
    const OnnxValue centered = b.difference(x, rows(".running_mean"));
    y = b.quotient(centered, graph.node("Sqrt", {b.sum(rows(".running_var"), graph.number(eps))}));
  }
  if (has_gain) y = b.product(y, b.parameter(path + ".gain"));
  return has_bias ? b.sum(y, b.parameter(path + ".bias")) : y;
}

OnnxValue onnx_positions(OnnxContext& context, const OnnxValue& table, const PositionRange& range, const OnnxValue& x) {
  OnnxBuilder& b = context.builder;
  OnnxGraph& graph = b.graph();
  OnnxValue numbers = context.sequence.positions();
  if (range.randomised != 0) {
    // floor(t L / max_length), as position_numbers() takes them when nothing is drawn
    numbers = b.product(numbers, graph.integer(static_cast<std::int64_t>(range.rows())));
    numbers = b.quotient(numbers, graph.integer(static_cast<std::int64_t>(range.max_length)));
  }
  // Gather and not Slice: a position behind the table is an error there, where a slice would end early.
  return b.sum(x, graph.node("Gather", {table, numbers}, {{"axis", std::int64_t{0}}}));
}

}  // namespace headlight
