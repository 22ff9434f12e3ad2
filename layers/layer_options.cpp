#include "layers/layer_options.h"

#include <string>

#include "layers/activation.h"
#include "layers/layer_config.h"
#include "layers/norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Keys norm_type, norm_eps, norm_bias and those of batch statistics.
NormOptions norm_options(const LayerConfig& config, std::size_t width) {
  NormOptions options{.type = config.parsed("norm_type", "layer", norm_type_of),
                      .width = width,
                      .eps = config.number("norm_eps", 1e-5, {.from = 0})};
  if (config.has("norm_bias")) options.bias = config.flag("norm_bias", true);
  if (options.type != NormType::batch) return options;
  options.momentum = config.number("norm_momentum", 0.1);
  options.per_position = config.flag("norm_per_position", false);
  if (options.per_position) options.max_len = config.size("max_len");
  return options;
}

/// `residual` and what belongs to its kind. A sum by `h` is gated without saying so.
ResidualConnectionOptions connection_options(const LayerConfig& config, bool highway) {
  ResidualConnectionOptions options{.kind = config.parsed("residual", highway ? "gated" : "plain", residual_kind_of)};
  if (options.kind != ResidualKind::gated) options.skip_scale = config.number("skip_scale", 1);
  if (options.kind == ResidualKind::scaled) {
    options.per_channel = config.flag("residual_per_channel", true);
    options.scale_init = config.number("residual_init", options.scale_init);
  } else if (options.kind == ResidualKind::gated) {
    options.gate_bias = config.number("residual_init", options.gate_bias);
  }
  return options;
}

/// Keys norm, or preprocess and postprocess in its place; norm_...; residual...; dropout; and width where it is needed
/// or `has_width` says that it is.
ResidualOptions step_options(const LayerConfig& config, bool has_width) {
  ResidualOptions options{.dropout = config.share("dropout", 0)};
  if (config.has("preprocess") || config.has("postprocess")) {
    config.refuse_meaningless("norm", "preprocess and postprocess");
    options.operations = {.before = config.text("preprocess", ""), .after = config.text("postprocess", "")};
  } else {
    options.norm = config.parsed("norm", "pre", norm_placement_of);
  }
  const StepOperations operations = options.operations.value_or(operations_of(options.norm));
  const bool normalized = (operations.before + operations.after).find('n') != std::string::npos;
  options.connection = connection_options(config, operations.after.find('h') != std::string::npos);
  if (has_width || normalized || options.connection.kind != ResidualKind::plain) {
    options.connection.width = config.size("width");
  } else {
    config.refuse_meaningless("width", "norm none");
  }
  if (normalized) {
    options.normalization = norm_options(config, options.connection.width);
  } else {
    for (const char* key : {"norm_type", "norm_eps", "norm_bias"}) config.refuse_meaningless(key, "norm none");
  }
  return options;
}

HeadOptions common_head_options(const LayerConfig& config) {
  return {.width = config.size("width"),
          .outputs = config.size("outputs"),
          .predict = config.parsed("predict", "every", predict_of),
          .bias = config.flag("bias", true)};
}

}  // namespace

Activation activation_option(const LayerConfig& config) { return config.parsed("kind", "relu", activation_of); }

BatchNormOptions batch_norm_options(const LayerConfig& config) {
  const bool per_position = config.flag("per_position", false);
  return {.width = config.size("width"),
          .eps = config.number("eps", 1e-5, {.from = 0}),
          .gain = config.flag("gain", true),
          .bias = config.flag("bias", true),
          .momentum = config.number("momentum", 0.1),
          .per_position = per_position,
          .max_len = per_position ? config.size("max_len") : 0};
}

ResidualOptions block_options(const LayerConfig& config) { return step_options(config, true); }

Conv1dLayerOptions conv1d_options(const LayerConfig& config) {
  return {.in = config.size("in"),
          .out = config.size("out"),
          .kernel = config.size("kernel", 3),
          .dilation = config.size("dilation", 1),
          .bias = config.flag("bias", true),
          .causal = config.flag("causal", false)};
}

DenseOptions dense_options(const LayerConfig& config) {
  return {.in = config.size("in"),
          .out = config.size("out"),
          .bias = config.flag("bias", true),
          .activation = config.parsed("activation", "none", activation_of)};
}

FeedForwardOptions feed_forward_options(const LayerConfig& config) {
  const FeedForwardActivation kind = config.parsed("activation", "relu", feed_forward_activation_of);
  return {.d_model = config.size("d_model"),
          .d_ff = config.size("d_ff"),
          .activation = kind.activation,
          .gated = kind.gated,
          .bias = config.flag("bias", true),
          .dropout = config.share("dropout", 0)};
}

LayerNormOptions layer_norm_options(const LayerConfig& config) {
  return {.width = config.size("width"),
          .eps = config.number("eps", 1e-5, {.from = 0}),
          .gain = config.flag("gain", true),
          .bias = config.flag("bias", true)};
}

HeadOptions linear_head_options(const LayerConfig& config) { return common_head_options(config); }

HeadOptions mlp_head_options(const LayerConfig& config) {
  HeadOptions options = common_head_options(config);
  options.activation = config.parsed("activation", "gelu", activation_of);
  options.normalization = norm_options(config, options.width);
  return options;
}

HeadOptions pointer_head_options(const LayerConfig& config) {
  return {.width = config.size("width"),
          .bias = config.flag("bias", true),
          .pointer_query = config.parsed("query", "last", predict_of)};
}

PositionRange position_range(const LayerConfig& config) {
  return {.max_length = config.size("max_len"), .randomised = config.size("randomised", 0)};
}

ResidualOptions residual_options(const LayerConfig& config) { return step_options(config, false); }

RMSNormOptions rms_norm_options(const LayerConfig& config) {
  return {.width = config.size("width"),
          .eps = config.number("eps", 1e-5, {.from = 0}),
          .gain = config.flag("gain", true),
          .bias = config.flag("bias", false)};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
