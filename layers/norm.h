#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

enum class NormType {
  layer,  ///< LayerNorm
  rms,    ///< RMSNorm
  batch,  ///< BatchNorm
};

/// A normalisation of any type. What a type does not have is refused, not passed over.
struct NormOptions {
  NormType type = NormType::layer;
  std::size_t width = 0;
  double eps = 1e-5;
  bool gain = true;
  std::optional<bool> bias = {};        ///< by default: layer and batch have one, rms none
  std::optional<double> momentum = {};  ///< batch alone; 0.1 by default
  bool per_position = false;            ///< batch alone
  std::size_t max_len = 0;              ///< batch with per_position alone
};

/// Throws ConfigError as the layer's own constructor does, and when an option has no meaning for the type.
std::unique_ptr<Layer> make_norm(const NormOptions& options, Init& init);

/// The type of a name: layer, rms or batch. Throws ConfigError on any other.
NormType norm_type_of(std::string_view name);

}  // namespace headlight::inline HEADLIGHT_PRECISION
