#include "layers/norm.h"

#include <string>

#include "core/error.h"
#include "layers/batch_norm.h"
#include "layers/layer_norm.h"
#include "layers/rms_norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void refuse_batch_options(const NormOptions& options) {
  const char* const stray = options.momentum.has_value() ? "momentum"
                            : options.per_position       ? "per_position"
                            : options.max_len != 0       ? "max_len"
                                                         : nullptr;
  if (stray == nullptr) return;
  raise<ConfigError>("norm", std::string("`") + stray + "` has no meaning without batch statistics",
                     options.type == NormType::layer ? "the type is layer" : "the type is rms", "leave it out");
}

}  // namespace

std::unique_ptr<Layer> make_norm(const NormOptions& options, Init& init) {
  if (options.type != NormType::batch) refuse_batch_options(options);
  switch (options.type) {
    case NormType::layer:
      return std::make_unique<LayerNorm>(LayerNormOptions{.width = options.width,
                                                          .eps = options.eps,
                                                          .gain = options.gain,
                                                          .bias = options.bias.value_or(true)},
                                         init);
    case NormType::rms:
      return std::make_unique<RMSNorm>(RMSNormOptions{.width = options.width,
                                                      .eps = options.eps,
                                                      .gain = options.gain,
                                                      .bias = options.bias.value_or(false)},
                                       init);
    case NormType::batch:
      break;
  }
  return std::make_unique<BatchNorm>(BatchNormOptions{.width = options.width,
                                                      .eps = options.eps,
                                                      .gain = options.gain,
                                                      .bias = options.bias.value_or(true),
                                                      .momentum = options.momentum.value_or(0.1),
                                                      .per_position = options.per_position,
                                                      .max_len = options.max_len},
                                     init);
}

NormType norm_type_of(std::string_view name) {
  if (name == "layer") return NormType::layer;
  if (name == "rms") return NormType::rms;
  if (name == "batch") return NormType::batch;
  raise<ConfigError>("norm", "there is no norm type `" + std::string(name) + "`", {}, "use layer, rms or batch");
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
