// The names by which configs and checks know the layers of this folder; builtin_blocks.cpp has the rest. Not in each
// layer's own file: in a static library an object file that nothing refers to would be left out, and its registration
// with it.
#include "layers/builtin_layers.h"

#include <memory>

#include "layers/activation.h"
#include "layers/attention_config.h"
#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/layer_options.h"
#include "layers/multi_head_attention.h"
#include "layers/positions.h"
#include "layers/registry.h"
#include "layers/sequential.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

const RegisterLayer activation{"activation", [](const LayerConfig& config, Init&) {
                                 return std::make_unique<ActivationLayer>(activation_option(config));
                               }};

const RegisterLayer dense{"dense", [](const LayerConfig& config, Init& init) {
                            return std::make_unique<Dense>(dense_options(config), init);
                          }};

const RegisterLayer dropout{"dropout", [](const LayerConfig& config, Init&) {
                              return std::make_unique<Dropout>(config.share("p"));
                            }};

const RegisterLayer learned_positions{"learned_positions", [](const LayerConfig& config, Init& init) {
                                        return std::make_unique<LearnedPositions>(position_range(config),
                                                                                  config.size("width"), init);
                                      }};

const RegisterLayer sinusoidal_positions{"sinusoidal_positions", [](const LayerConfig& config, Init&) {
                                           return std::make_unique<SinusoidalPositions>(position_range(config),
                                                                                        config.size("width"));
                                         }};

const RegisterLayer multi_head_attention{"multi_head_attention", [](const LayerConfig& config, Init& init) {
                                           return std::make_unique<MultiHeadAttention>(attention_options(config), init);
                                         }};

const RegisterLayer sequential{"sequential", [](const LayerConfig& config, Init& init) {
                                 return std::make_unique<Sequential>(config.layers("layers", init));
                               }};

}  // namespace

void link_builtin_layers() { link_builtin_blocks(); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
