#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "layers/context.h"
#include "layers/init.h"
#include "layers/input_stage.h"
#include "layers/models/model_options.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// A Transformer: encoder, decoder, or encoder-decoder, of any layers that keep (B, T, C).
///
/// Children of an encoder and of a decoder: embedding, positions, layers (with the names of the blocks: 0, 1, ...),
/// final_norm, head; of an encoder-decoder: encoder and decoder with those of a stack each, and head. What is not there
/// has no child.
/// Sources: Vaswani et al. 2017, arXiv:1706.03762; encoders alone: Devlin et al. 2018, arXiv:1810.04805; decoders
/// alone: Radford et al. 2019 (GPT-2).
class Model : public Module {
 public:
  /// From the composed form, see expand(). `path` is where its JSON stands in a larger one. Every block is built on its
  /// own and tried on zeros, so that widths that do not fit are found here.
  /// Throws LayerError, which tells all faults that were found, each with its place and what fits.
  Model(const nlohmann::json& composed, Init& init, const std::string& path = {});
  /// The same as Model(expand(options), init). Throws ConfigError too.
  Model(const ModelOptions& options, Init& init);
  ~Model() override;

  /// With Context::start a model begins at the block that is named there, and reads its input only in so far as that stands
  /// before the block. Where it is one of the decoder of an encoder-decoder, Context::memory is what the encoder made.
  /// Throws StateError when no block has this path, with a cache, and without that memory.

  /// Of an encoder or a decoder: ids (B, T) or vectors (B, T, F) -> the head's result, (B, T, V) for every position.
  /// Self-attention sees what Context::mask allows; a decoder adds Mask::causal() to it.
  /// Throws StateError when the model is an encoder-decoder, ShapeError on an input that does not fit.
  Tensor operator()(const ModelInput& input, const Context& context);

  /// Of an encoder-decoder: what the decoder predicts behind each target position, having read the whole source.
  /// Context::memory_mask tells what of the source may be seen, by the encoder and by cross-attention (in general its
  /// padding); Context::mask what target positions see of each other besides being causal.
  /// Throws StateError when the model is none.
  Tensor operator()(const ModelInput& source, const ModelInput& target, const Context& context);

  /// The two halves of that: source -> (B, Ts, C), and target with it -> logits.
  Tensor encode(const ModelInput& source, const Context& context);
  Tensor decode(const ModelInput& target, const Tensor& memory, const Context& context);

  /// Paths of the blocks in the order in which they run, an encoder's before those of its decoder.
  std::vector<std::string> blocks() const;

  Architecture arch() const { return arch_; }
  Predict predict() const { return predict_; }
  /// Ids that the decoder, or the only stack, reads are below it; 0 where it reads vectors.
  std::size_t target_vocabulary() const { return target_vocabulary_; }
  /// V of the logits; 0 of a pointer, whose answers are positions.
  std::size_t outputs() const { return outputs_; }
  /// Longest sequence; 0 where nothing limits it.
  std::size_t max_len() const { return max_len_; }

 private:
  struct Stack;

  void check_start(const Context& context) const;

  Architecture arch_;
  Predict predict_ = Predict::every;
  std::size_t max_len_ = 0;
  std::size_t target_vocabulary_ = 0;
  std::size_t outputs_ = 0;
  std::unique_ptr<Stack> encoder_;  ///< the only stack of an encoder
  std::unique_ptr<Stack> decoder_;  ///< the only stack of a decoder
  Layer* head_ = nullptr;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
