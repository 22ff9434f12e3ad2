#include "apps/training/longest_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "autograd/scopes.h"
#include "core/array.h"
#include "core/error.h"
#include "layers/layer_error.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

ModelInput nothing(std::size_t positions, std::size_t features) {
  if (features != 0) return Tensor(zeros({1, positions, features}));
  Tokens ids(Shape{1, positions});
  std::fill_n(ids.data(), positions, 0);
  return ids;
}

}  // namespace

void try_longest(Model& model, const config::Config& config, const Task& task) {
  const std::size_t positions = config::needed_positions(config);
  const ModelInput input = nothing(positions, task.shape().features);
  const NoGrad no_grad;
  try {
    if (model.arch() == Architecture::encoder_decoder) {
      model(input, nothing(positions, 0), {});
    } else {
      model(input, {});
    }
  } catch (const Error& error) {
    throw LayerError({{.path = config.model.blocks ? "model.blocks" : "model",
                       .what = fmt::format("the model cannot run on the {} positions of the task", positions),
                       .help = error.what()}});
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
