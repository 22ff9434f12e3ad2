#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

class Module;

/// A place in a layer where a value can be read, or replaced by another.
enum class HookPoint {
  input,         ///< of every layer: what it is called with; of a block the residual stream before it
  output,        ///< of every layer: what it returns; of a block the residual stream behind it. Of `embedding`: the
                 ///< embeddings; of a residual connection (`layers.0.attention_residual`): the stream with what its
                 ///< step has added
  query,         ///< of attention layers, this call's positions: (B, H, Tq, D), as the score reads it (normed, rotated)
  key,           ///< (B, Hkv, Tk, D), the same
  value,         ///< (B, Hkv, Tk, Dv)
  logits,        ///< (B, H, Tq, Tk), with everything but the mask
  weights,       ///< (B, H, Tq, Tk), before dropout
  used_weights,  ///< (B, H, Tq, Tk), after dropout: what multiplies the values
  z,             ///< (B, H, Tq, Dv), each head's result before the output projection
  contributions,  ///< (B, H, Tq, out), what each head adds to the layer's output
};

/// "logits"
const char* name_of(HookPoint point);

/// Functions that are called while a model runs, each for one point of some layers; give it to Context::hooks.
///
///     Hooks hooks(model);
///     hooks.read("layers.*.attention", HookPoint::logits, [&](const std::string& path, const Tensor& logits) { ... });
///     hooks.overwrite("layers.0.attention", HookPoint::z, [&](const std::string&, const Tensor& z) { return z * mask; });
///
/// Reading never changes a byte of outputs or gradients: it shares the tensor, or one computed besides. What an
/// overwrite returns takes the value's place; gradients flow through it as through any operation. Overwrites of one
/// point run in the order in which they were added, then the reads, which see the result.
///
/// Overwritten contributions take the place of what the attention's projection makes of its input, whose own points are
/// visited all the same; to overwrite that input besides throws ConfigError when the model runs.
///
/// Layers are named by their path in the whole model; in a pattern, * stands for any characters, dots included. A
/// pattern that fits no layer with this point throws ConfigError and lists the paths, when it is added.
class Hooks {
 public:
  using Read = std::function<void(const std::string& path, const Tensor& value)>;
  using Overwrite = std::function<Tensor(const std::string& path, const Tensor& value)>;

  /// For this model, which must be whole: later changes to its tree are not seen.
  explicit Hooks(const Module& model);

  void read(const std::string& pattern, HookPoint point, Read read);
  void overwrite(const std::string& pattern, HookPoint point, Overwrite overwrite);

  /// The paths of the layers (and of the embedding and residual connections) that have a point, in order of declaration.
  const std::vector<std::string>& paths(HookPoint point) const;

  /// For layers: whether a value is wanted at all, or will be replaced.
  bool watches(const std::string& path, HookPoint point) const;
  bool overwrites(const std::string& path, HookPoint point) const;

  /// For layers: the value as the hooks leave it, the same tensor when there is no overwrite.
  /// Throws ShapeError when an overwrite returns another shape.
  Tensor visit(const std::string& path, HookPoint point, const Tensor& value) const;

 private:
  struct Hook {
    std::string pattern;
    HookPoint point;
    Read read;
    Overwrite overwrite;
  };

  void add(Hook hook);

  std::vector<std::string> layers_;
  std::vector<std::string> with_output_;
  std::vector<std::string> attentions_;
  std::vector<Hook> hooks_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
