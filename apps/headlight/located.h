#pragma once

#include <vector>

#include "apps/config/read.h"
#include "core/error.h"
#include "layers/layer_error.h"

namespace headlight {

/// Runs `build`, which builds what a config describes. A LayerError that it throws becomes a ConfigError that shows
/// each fault with its line of the config, like the mistakes that reading finds.
template <class Build>
auto locating(const config::LoadedConfig& loaded, Build&& build) {
  try {
    return build();
  } catch (const LayerError& error) {
    std::vector<config::Mistake> mistakes;
    for (const LayerError::Fault& fault : error.faults()) {
      const bool key = fault.at == LayerError::Fault::At::key;
      const bool missing = fault.at == LayerError::Fault::At::missing;
      mistakes.push_back({.path = fault.path,
                          .what = fault.what,
                          .help = fault.help,
                          .at = missing ? config::Mistake::At::kMissing
                                        : (key ? config::Mistake::At::kKey : config::Mistake::At::kValue)});
    }
    throw ConfigError(config::explain(*loaded.origin, mistakes));
  }
}

}  // namespace headlight
