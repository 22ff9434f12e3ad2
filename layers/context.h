#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "autograd/tensor.h"
#include "core/kernels/dropout.h"
#include "core/mask.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The randomness of one forward pass: a pure function of (seed, step) and of the order in which it is asked. Nothing
/// is saved for an exact resume, and threads play no part.
class StepRandom {
 public:
  StepRandom(std::uint64_t seed, std::uint64_t step) : seed_(seed), step_(step) {}

  /// A fresh key at each call.
  kernels::DropoutKey next_dropout_key() { return {seed_, next_stream_++, step_}; }

 private:
  std::uint64_t seed_;
  std::uint64_t step_;
  std::uint64_t next_stream_ = 0;
};

/// Receives the attention weights of every attention layer while a model runs. Handles share memory with the graph, so
/// a recorder cannot change a result.
class AttentionRecorder {
 public:
  virtual ~AttentionRecorder() = default;
  /// weights (B, H, Tq, Tk), before dropout, of the attention layer at `path`; hidden_rows counts the rows (b, h, q)
  /// in which no visible key has a score above -infinity.
  virtual void record(const std::string& path, const Tensor& weights, std::size_t hidden_rows) = 0;
  /// Called after record() where the layer has a sink: its weights (B, H, Tq), before dropout. Each row of `weights` and
  /// its entry here sum to 1.
  virtual void record_sink(const std::string& /*path*/, const Tensor& /*sink_weights*/) {}
};

class Hooks;
class KeyValueCache;

/// A run that begins inside a model, at a block whose input is known from another run on the same batch: nothing before
/// it is computed.
struct BlockStart {
  std::string block = {};  ///< path of the block: "layers.1", "decoder.layers.0"
  Tensor input = {};       ///< what it reads, (B, T, C), as HookPoint::input gives it
};

/// Everything that a forward pass may depend on besides its input and its parameters. There are no global modes.
struct Context {
  bool training = false;
  StepRandom* random = nullptr;           ///< needed by dropout while training
  Mask mask = {};                         ///< what self-attention may see
  const Tensor* memory = nullptr;         ///< (B, Tk, C): what cross-attention reads
  Mask memory_mask = {};                  ///< what cross-attention may see
  AttentionRecorder* recorder = nullptr;  ///< told of all attention weights
  const Hooks* hooks = nullptr;           ///< reads and replaces values on the way
  KeyValueCache* cache = nullptr;         ///< keys and values of earlier positions; see key_value_cache.h
  const BlockStart* start = nullptr;      ///< for a model: where it begins in place of its input
  std::size_t offset = 0;                 ///< position of the input's first element; with a cache, cache->length()
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
