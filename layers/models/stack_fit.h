#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/layer.h"
#include "layers/layer_error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Layers that run one after another, and the JSON that they were built from.
struct LayerChain {
  const nlohmann::json& list;
  std::string path;  ///< of the list
  std::vector<Layer*> layers;
};

/// Runs the layers on zeros (1, positions, width), without gradients, and adds to `faults` those that do not take what
/// the one before gives: both neighbours, their widths, and the width that fits. `before` names what gives the first
/// width, `after` what takes the last.
void check_widths(const LayerChain& chain, std::size_t width, std::size_t positions, const std::string& before,
                  const std::string& after, const Context& context, LayerFaults& faults);

}  // namespace headlight::inline HEADLIGHT_PRECISION
