#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "layers/activation.h"
#include "layers/dense.h"
#include "layers/init.h"
#include "layers/layer.h"
#include "layers/norm.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Where a model predicts.
enum class Predict {
  every,    ///< at every position: (B, T, C) -> (B, T, V)
  last,     ///< at the last real position of each member: (B, V)
  pooled,   ///< from the mean over the real positions: (B, V)
  pointer,  ///< one of the input's positions: (B, T) logits
};

/// The place of a name. Throws ConfigError on any other than every, last, pooled and pointer.
Predict predict_of(std::string_view name);

/// x at the last real position of each member, (B, T, C) -> (B, C): that before Mask::lengths(), or T - 1 where the mask
/// names none. A member without a real position gives zeros. No other position receives a gradient.
/// Throws ShapeError when x is not (B, T, C), has no position or the mask speaks of another B.
Tensor last_position(const Tensor& x, const Mask& mask);

/// The mean of x over the real positions of each member, (B, T, C) -> (B, C); zeros where there is none. Padded
/// positions, NaN included, have no influence and receive no gradient. Throws as last_position() does.
Tensor pooled_positions(const Tensor& x, const Mask& mask);

/// The part of x that a prediction reads: x itself for `every`, (B, C) for `last` and `pooled`. Throws ConfigError for
/// `pointer`.
Tensor positions_to_predict(const Tensor& x, Predict predict, const Mask& mask);

enum class HeadKind {
  linear,  ///< W x + b
  mlp,     ///< W_2 f(norm(W_1 x + b_1)) + b_2
};

struct HeadOptions {
  std::size_t width = 0;    ///< C of x
  std::size_t outputs = 0;  ///< V: classes, or values of a regression; none for a pointer
  Predict predict = Predict::every;
  HeadKind kind = HeadKind::linear;
  Activation activation = Activation::gelu;  ///< f of the mlp
  NormOptions normalization = {};            ///< norm of the mlp; its width is C
  bool bias = true;
  Tensor tied = {};                       ///< an embedding's table (V, C) to be used as the weight of the last matrix
  Predict pointer_query = Predict::last;  ///< what a pointer looks from: last or pooled
};

/// y = W x + b at the positions that Predict names (nothing is computed at the others). Parameters `weight` (V, C), or
/// the tied table under its own name, and `bias` (V). Context::mask tells the real positions.
/// Throws ConfigError on a width of 0, Predict::pointer, or a tied table of another shape.
/// Source of tying: Press & Wolf 2016, arXiv:1608.05859, section 3.
class LinearHead : public Layer {
 public:
  LinearHead(const HeadOptions& options, Init& init);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Predict predict_;
  Tensor weight_;
  Tensor bias_;
};

/// y = W_2 f(norm(W_1 x + b_1)) + b_2 at the positions that Predict names. Children hidden (Dense C -> C), norm, output
/// (LinearHead). Throws as LinearHead and make_norm do, and with batch statistics, for which a head has no positions.
class MlpHead : public Layer {
 public:
  MlpHead(const HeadOptions& options, Init& init);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Predict predict_;
  Dense& hidden_;
  Layer& norm_;
  ActivationLayer& activation_;
  LinearHead& output_;
};

/// The logit of a position that a pointer must not choose. Its weight in a softmax is exactly 0 in both precisions, and
/// it passes no gradient; unlike -infinity it is a number that may be written, summed and searched for.
constexpr Real kExcludedLogit = static_cast<Real>(-1e30);

/// logits[b, t] = (W_q q_b + b_q) . (W_k x_bt) / sqrt(C): a choice among the input's positions, (B, T, C) -> (B, T).
/// q is x at its last real position, or the mean over the real ones. Padded positions have kExcludedLogit: weight 0 in
/// the loss, no gradient (label smoothing would demand weight of them: do not combine it with padding).
/// Parameters query.weight (C, C), query.bias (C), key.weight (C, C); a bias of the keys would shift all logits of a
/// member alike. Throws ConfigError on a width of 0 and a pointer_query other than last and pooled.
/// Source: Vinyals, Fortunato & Jaitly 2015, arXiv:1506.03134, equation 3, with the scaled dot product of Vaswani et al.
/// 2017 in place of its additive score.
class PointerHead : public Layer {
 public:
  PointerHead(const HeadOptions& options, Init& init);
  Tensor forward(const Tensor& x, const Context& context) override;

 private:
  Predict from_;
  Dense& query_;
  Dense& key_;
};

/// LinearHead, MlpHead or PointerHead. Throws ConfigError when options contradict each other: a pointer with an mlp, a
/// tied table or outputs.
std::unique_ptr<Layer> make_head(const HeadOptions& options, Init& init);

}  // namespace headlight::inline HEADLIGHT_PRECISION
