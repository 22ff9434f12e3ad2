#include "layers/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

std::size_t parameter_count(const Module& module) {
  std::size_t count = 0;
  for (const NamedParameter& parameter : module.parameters()) count += parameter.tensor.size();
  return count;
}

std::string summary(const Module& module) {
  const std::vector<NamedParameter> parameters = module.parameters();
  std::size_t name_width = 9;
  std::size_t shape_width = 5;
  for (const NamedParameter& parameter : parameters) {
    name_width = std::max(name_width, parameter.name.size());
    shape_width = std::max(shape_width, to_string(parameter.tensor.shape()).size());
  }
  std::string table = fmt::format("{:<{}}  {:<{}}  {:>10}  {}\n", "parameter", name_width, "shape", shape_width,
                                  "count", "initialisation");
  for (const NamedParameter& parameter : parameters) {
    table +=
        fmt::format("{:<{}}  {:<{}}  {:>10}  {}\n", parameter.name, name_width, to_string(parameter.tensor.shape()),
                    shape_width, parameter.tensor.size(), parameter.initialization);
  }
  return table + fmt::format("{:<{}}  {:>10}\n", "total", name_width + shape_width + 2, parameter_count(module));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
