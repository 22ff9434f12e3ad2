// The names by which configs know normalisations, residual steps, blocks and heads; see builtin_layers.cpp.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/block.h"
#include "layers/builtin_layers.h"
#include "layers/conv1d_layer.h"
#include "layers/feed_forward.h"
#include "layers/heads.h"
#include "layers/layer_norm.h"
#include "layers/norm.h"
#include "layers/registry.h"
#include "layers/residual.h"
#include "layers/rms_norm.h"

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
ResidualOptions residual_options(const LayerConfig& config, bool has_width) {
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

HeadOptions head_options(const LayerConfig& config) {
  return {.width = config.size("width"),
          .outputs = config.size("outputs"),
          .predict = config.parsed("predict", "every", predict_of),
          .bias = config.flag("bias", true)};
}

const RegisterLayer batch_norm{"batch_norm", [](const LayerConfig& config, Init& init) {
                                 const bool per_position = config.flag("per_position", false);
                                 return std::make_unique<BatchNorm>(
                                     BatchNormOptions{.width = config.size("width"),
                                                      .eps = config.number("eps", 1e-5, {.from = 0}),
                                                      .gain = config.flag("gain", true),
                                                      .bias = config.flag("bias", true),
                                                      .momentum = config.number("momentum", 0.1),
                                                      .per_position = per_position,
                                                      .max_len = per_position ? config.size("max_len") : 0},
                                     init);
                               }};

const RegisterLayer block{"block", [](const LayerConfig& config, Init& init) {
                            std::vector<BlockStep> steps;
                            for (NamedLayer& step : config.layers("steps", init)) {
                              steps.push_back({std::move(step.name), std::move(step.layer)});
                            }
                            return std::make_unique<Block>(residual_options(config, true), std::move(steps), init);
                          }};

const RegisterLayer conv1d{"conv1d", [](const LayerConfig& config, Init& init) {
                             return std::make_unique<Conv1dLayer>(Conv1dLayerOptions{.in = config.size("in"),
                                                                                     .out = config.size("out"),
                                                                                     .kernel = config.size("kernel", 3),
                                                                                     .dilation =
                                                                                         config.size("dilation", 1),
                                                                                     .bias = config.flag("bias", true),
                                                                                     .causal =
                                                                                         config.flag("causal", false)},
                                                                  init);
                           }};

const RegisterLayer feed_forward{
    "feed_forward", [](const LayerConfig& config, Init& init) {
      const FeedForwardActivation kind = config.parsed("activation", "relu", feed_forward_activation_of);
      return std::make_unique<FeedForward>(FeedForwardOptions{.d_model = config.size("d_model"),
                                                              .d_ff = config.size("d_ff"),
                                                              .activation = kind.activation,
                                                              .gated = kind.gated,
                                                              .bias = config.flag("bias", true),
                                                              .dropout = config.share("dropout", 0)},
                                           init);
    }};

const RegisterLayer layer_norm{"layer_norm", [](const LayerConfig& config, Init& init) {
                                 return std::make_unique<LayerNorm>(LayerNormOptions{.width = config.size("width"),
                                                                                     .eps = config.number("eps", 1e-5,
                                                                                                          {.from = 0}),
                                                                                     .gain = config.flag("gain", true),
                                                                                     .bias = config.flag("bias", true)},
                                                                    init);
                               }};

const RegisterLayer linear_head{"linear_head", [](const LayerConfig& config, Init& init) {
                                  return std::make_unique<LinearHead>(head_options(config), init);
                                }};

const RegisterLayer mlp_head{"mlp_head", [](const LayerConfig& config, Init& init) {
                               HeadOptions options = head_options(config);
                               options.activation = config.parsed("activation", "gelu", activation_of);
                               options.normalization = norm_options(config, options.width);
                               return std::make_unique<MlpHead>(options, init);
                             }};

const RegisterLayer pointer_head{"pointer_head", [](const LayerConfig& config, Init& init) {
                                   return std::make_unique<PointerHead>(
                                       HeadOptions{.width = config.size("width"),
                                                   .bias = config.flag("bias", true),
                                                   .pointer_query = config.parsed("query", "last", predict_of)},
                                       init);
                                 }};

const RegisterLayer residual{"residual", [](const LayerConfig& config, Init& init) {
                               const ResidualOptions options = residual_options(config, false);
                               return std::make_unique<Residual>(options, config.layer("body", init), init);
                             }};

const RegisterLayer rms_norm{"rms_norm", [](const LayerConfig& config, Init& init) {
                               return std::make_unique<RMSNorm>(RMSNormOptions{.width = config.size("width"),
                                                                               .eps = config.number("eps", 1e-5,
                                                                                                    {.from = 0}),
                                                                               .gain = config.flag("gain", true),
                                                                               .bias = config.flag("bias", false)},
                                                                init);
                             }};

}  // namespace

void link_builtin_blocks() {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
