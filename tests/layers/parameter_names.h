#pragma once

#include <string>
#include <vector>

#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The names of a module's parameters, in order.
inline std::vector<std::string> names_of(const Module& module) {
  std::vector<std::string> names;
  for (const NamedParameter& parameter : module.parameters()) names.push_back(parameter.name);
  return names;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
