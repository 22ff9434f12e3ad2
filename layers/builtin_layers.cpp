// The names by which configs and checks know the layers of this folder. One file for all of them: in a static library
// an object file that nothing refers to would be left out, and its registration with it.
#include "layers/builtin_layers.h"

#include <memory>

#include "core/error.h"
#include "layers/activation.h"
#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/feed_forward.h"
#include "layers/layer_norm.h"
#include "layers/multi_head_attention.h"
#include "layers/positions.h"
#include "layers/registry.h"
#include "layers/residual.h"
#include "layers/sequential.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

NormPlacement placement_of(const std::string& name) {
  if (name == "pre") return NormPlacement::pre;
  if (name == "post") return NormPlacement::post;
  if (name == "none") return NormPlacement::none;
  raise<ConfigError>("residual", "there is no norm placement `" + name + "`", {}, "use pre, post or none");
}

const RegisterLayer activation{"activation", [](const LayerConfig& config, Init&) {
                                 return std::make_unique<ActivationLayer>(activation_of(config.text("kind", "relu")));
                               }};

const RegisterLayer dense{"dense", [](const LayerConfig& config, Init& init) {
                            return std::make_unique<Dense>(DenseOptions{.in = config.size("in"),
                                                                        .out = config.size("out"),
                                                                        .bias = config.flag("bias", true),
                                                                        .activation = activation_of(
                                                                            config.text("activation", "none"))},
                                                           init);
                          }};

const RegisterLayer dropout{"dropout", [](const LayerConfig& config, Init&) {
                              return std::make_unique<Dropout>(config.number("p"));
                            }};

const RegisterLayer feed_forward{"feed_forward", [](const LayerConfig& config, Init& init) {
                                   return std::make_unique<FeedForward>(
                                       FeedForwardOptions{.d_model = config.size("d_model"),
                                                          .d_ff = config.size("d_ff"),
                                                          .activation =
                                                              activation_of(config.text("activation", "relu")),
                                                          .bias = config.flag("bias", true),
                                                          .dropout = config.number("dropout", 0)},
                                       init);
                                 }};

const RegisterLayer layer_norm{"layer_norm", [](const LayerConfig& config, Init& init) {
                                 return std::make_unique<LayerNorm>(LayerNormOptions{.width = config.size("width"),
                                                                                     .eps = config.number("eps", 1e-5),
                                                                                     .gain = config.flag("gain", true),
                                                                                     .bias = config.flag("bias", true)},
                                                                    init);
                               }};

const RegisterLayer learned_positions{"learned_positions", [](const LayerConfig& config, Init& init) {
                                        return std::make_unique<LearnedPositions>(config.size("max_len"),
                                                                                  config.size("width"), init);
                                      }};

const RegisterLayer sinusoidal_positions{"sinusoidal_positions", [](const LayerConfig& config, Init&) {
                                           return std::make_unique<SinusoidalPositions>(config.size("max_len"),
                                                                                        config.size("width"));
                                         }};

const RegisterLayer multi_head_attention{"multi_head_attention", [](const LayerConfig& config, Init& init) {
                                           return std::make_unique<MultiHeadAttention>(
                                               MultiHeadAttentionOptions{.d_model = config.size("d_model"),
                                                                         .heads = config.size("heads", 1),
                                                                         .head_size = config.size("head_size", 0),
                                                                         .value_size = config.size("value_size", 0),
                                                                         .key_width = config.size("key_width", 0),
                                                                         .value_width = config.size("value_width", 0),
                                                                         .out_size = config.size("out_size", 0),
                                                                         .bias = config.flag("bias", true),
                                                                         .dropout = config.number("dropout", 0),
                                                                         .cross = config.flag("cross", false)},
                                               init);
                                         }};

const RegisterLayer residual{"residual", [](const LayerConfig& config, Init& init) {
                               const NormPlacement norm = placement_of(config.text("norm", "pre"));
                               ResidualOptions options{.norm = norm, .dropout = config.number("dropout", 0)};
                               if (norm != NormPlacement::none) {
                                 options.layer_norm.width = config.size("width");
                                 options.layer_norm.eps = config.number("eps", 1e-5);
                               } else {
                                 config.refuse_meaningless("width", "norm none");
                                 config.refuse_meaningless("eps", "norm none");
                               }
                               return std::make_unique<Residual>(options, config.layer("body", init), init);
                             }};

const RegisterLayer sequential{"sequential", [](const LayerConfig& config, Init& init) {
                                 return std::make_unique<Sequential>(config.layers("layers", init));
                               }};

}  // namespace

void link_builtin_layers() {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
