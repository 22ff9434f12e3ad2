#pragma once

#include <string>
#include <vector>

#include "apps/inspect/attention_weights.h"
#include "layers/context.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Keeps a copy of the attention weights of every layer of a model, in the order in which layers first ran. Batches of
/// one layer are joined. Give it to Context::recorder.
class AttentionCapture : public AttentionRecorder {
 public:
  /// Throws ShapeError when a layer ran with another length before.
  void record(const std::string& path, const Tensor& weights, std::size_t hidden_rows) override;

  const std::vector<AttentionWeights>& layers() const { return layers_; }

 private:
  std::vector<AttentionWeights> layers_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
