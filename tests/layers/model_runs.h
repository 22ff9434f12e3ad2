#pragma once

// One forward and backward pass of a small encoder, kept in bytes for comparison.
#include <string>
#include <utility>
#include <vector>

#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

/// Two layers of two heads on sequences of five tokens below 7.
ModelOptions small_model(NormPlacement norm = NormPlacement::pre);

/// (3, 5) token ids, and as many targets.
Tokens some_ids();
Tokens some_targets();

/// Keeps everything it is told.
struct Recording : AttentionRecorder {
  std::vector<std::string> paths;
  std::vector<Tensor> weights;
  std::vector<std::size_t> hidden_rows;
  void record(const std::string& path, const Tensor& seen, std::size_t hidden) override {
    paths.push_back(path);
    weights.push_back(seen);
    hidden_rows.push_back(hidden);
  }
};

struct ModelRun {
  Array logits;
  Array loss;
  std::vector<Array> gradients;  ///< of all parameters; empty without gradients
};

/// The mean cross-entropy of a pass, and its gradients unless inside NoGrad.
ModelRun run_model(Model& model, const Tokens& ids, const Tokens& targets, const Context& context);

/// True when everything that both runs have is equal to the byte.
bool same_run(const ModelRun& a, const ModelRun& b);

/// Masks for some_ids() in small_model(), with what they are: each kind, combinations, and rows that see nothing.
std::vector<std::pair<std::string, Mask>> masks_to_try();

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
