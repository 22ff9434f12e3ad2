#pragma once

#include <map>
#include <string>

#include "layers/context.h"
#include "layers/hooks.h"
#include "layers/models/model.h"

namespace headlight {

/// What a run of a batch leaves behind, so that others can begin at any of its blocks.
class BlockInputs {
 public:
  /// The model must outlive this.
  explicit BlockInputs(const Model& model);
  BlockInputs(const BlockInputs&) = delete;
  BlockInputs& operator=(const BlockInputs&) = delete;
  ~BlockInputs() = default;

  /// For the run that is to be kept.
  const Hooks& hooks() const { return hooks_; }

  /// Lets `context` begin at the block in which the layer at `path` lies; it is left alone when there is no such block.
  /// This object must outlive the run.
  void begin_at(const std::string& path, Context& context) const;

 private:
  Hooks hooks_;
  std::map<std::string, BlockStart> starts_{};  ///< by the path of the block
  Tensor memory_{};                             ///< what an encoder made for its decoder
};

}  // namespace headlight
