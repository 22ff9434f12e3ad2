#include "layers/layer_error.h"

#include <utility>

namespace headlight {
namespace {

std::string text_of(const std::vector<LayerError::Fault>& faults) {
  if (faults.empty()) raise<StateError>("layer error", "there is no fault to tell of");
  std::string text;
  for (const LayerError::Fault& fault : faults) {
    if (!text.empty()) text += '\n';
    // The faults of JSON that is nothing but one layer need no place; a constructor's message names the layer.
    text += fault.path.empty() ? fault.what : fault.path + ": " + fault.what;
    if (!fault.help.empty()) text += "; " + fault.help;
  }
  return text;
}

}  // namespace

LayerError::LayerError(std::vector<Fault> faults) : ConfigError(text_of(faults)), faults_(std::move(faults)) {}

std::string join_path(const std::string& path, const std::string& step) {
  if (path.empty()) return step;
  return step.empty() ? path : path + "." + step;
}

}  // namespace headlight
