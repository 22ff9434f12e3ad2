// The names by which configs know normalisations, residual steps, blocks and heads; see builtin_layers.cpp.
#include <memory>
#include <utility>
#include <vector>

#include "layers/batch_norm.h"
#include "layers/block.h"
#include "layers/builtin_layers.h"
#include "layers/conv1d_layer.h"
#include "layers/feed_forward.h"
#include "layers/heads.h"
#include "layers/layer_norm.h"
#include "layers/layer_options.h"
#include "layers/registry.h"
#include "layers/residual.h"
#include "layers/rms_norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

const RegisterLayer batch_norm{"batch_norm", [](const LayerConfig& config, Init& init) {
                                 return std::make_unique<BatchNorm>(batch_norm_options(config), init);
                               }};

const RegisterLayer block{"block", [](const LayerConfig& config, Init& init) {
                            std::vector<BlockStep> steps;
                            for (NamedLayer& step : config.layers("steps", init)) {
                              steps.push_back({std::move(step.name), std::move(step.layer)});
                            }
                            return std::make_unique<Block>(block_options(config), std::move(steps), init);
                          }};

const RegisterLayer conv1d{"conv1d", [](const LayerConfig& config, Init& init) {
                             return std::make_unique<Conv1dLayer>(conv1d_options(config), init);
                           }};

const RegisterLayer feed_forward{"feed_forward", [](const LayerConfig& config, Init& init) {
                                   return std::make_unique<FeedForward>(feed_forward_options(config), init);
                                 }};

const RegisterLayer layer_norm{"layer_norm", [](const LayerConfig& config, Init& init) {
                                 return std::make_unique<LayerNorm>(layer_norm_options(config), init);
                               }};

const RegisterLayer linear_head{"linear_head", [](const LayerConfig& config, Init& init) {
                                  return std::make_unique<LinearHead>(linear_head_options(config), init);
                                }};

const RegisterLayer mlp_head{"mlp_head", [](const LayerConfig& config, Init& init) {
                               return std::make_unique<MlpHead>(mlp_head_options(config), init);
                             }};

const RegisterLayer pointer_head{"pointer_head", [](const LayerConfig& config, Init& init) {
                                   return std::make_unique<PointerHead>(pointer_head_options(config), init);
                                 }};

const RegisterLayer residual{"residual", [](const LayerConfig& config, Init& init) {
                               const ResidualOptions options = residual_options(config);
                               return std::make_unique<Residual>(options, config.layer("body", init), init);
                             }};

const RegisterLayer rms_norm{"rms_norm", [](const LayerConfig& config, Init& init) {
                               return std::make_unique<RMSNorm>(rms_norm_options(config), init);
                             }};

}  // namespace

void link_builtin_blocks() {}

}  // namespace headlight::inline HEADLIGHT_PRECISION
