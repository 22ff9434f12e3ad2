#pragma once

#include <memory>
#include <string>
#include <vector>

#include "layers/init.h"
#include "layers/layer.h"
#include "layers/residual.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// One step of a block: any layer that keeps the shape, under the name that its parameters carry.
struct BlockStep {
  std::string name;
  std::unique_ptr<Layer> layer;
};

/// A list of residual steps with one norm placement, residual variant and dropout: (..., C) -> (..., C). With the steps
/// attention and feed_forward it is the block of an encoder, with another attention between them that of a decoder, with
/// attention alone that of an attention-only model.
///
/// Each placement but `parallel` runs the steps one after another; see NormPlacement. Children, for a step `name`: `name`
/// itself, `name_norm`, `name_post_norm` (where there are two norms) and `name_residual`. With `parallel` all steps read
/// the same normalised input, the child `norm`, and each adds to the block's input by its own `name_residual`.
///
/// First values are drawn for the steps in order, before the block's own.
/// Throws ConfigError without steps, for `parallel` with gated residuals (which of the gates would pass x?) or a skip
/// scale (which of the sums would apply it?), and as checked_operations() does; StateError when two steps share a name or a layer is null.
class Block : public Layer {
 public:
  Block(const ResidualOptions& options, std::vector<BlockStep> steps, Init& init);

  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Layer* parallel_norm_ = nullptr;
  std::vector<ResidualStep> steps_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
