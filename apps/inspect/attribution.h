#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/inspect/frozen_norm.h"
#include "apps/inspect/head_weights.h"
#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// One summand of the residual stream x (B, T, C): an embedding, a position, a head, a feed-forward layer, a bias.
struct ResidualPart {
  std::string name;
  Array value;  ///< (B, T, C), or (T, C) or (C) when it is the same for every batch member or position
};

/// What each head adds: z_h W_O[h]^T, from the heads' results z (B, T, H Dv) and `output.weight`, (C, H Dv) or with
/// sum_heads (C, Dv) -> (B, H, T, C). Their sum over heads and the output bias are the layer's output. Biases of values
/// are in z, so each head carries its own.
/// Throws ShapeError when the shapes do not fit.
Array head_contributions(const Array& heads, const Array& output_weight, const HeadLayout& layout);

/// Contributions (B, H, T, C) as parts "<path>.head.0" ..., then "<path>.output.bias" when there is an output bias (C).
std::vector<ResidualPart> attention_parts(const std::string& path, const Array& contributions,
                                          const std::optional<Array>& output_bias);

/// The linear head of a model: logits = W x + b.
struct Unembedding {
  Array weight;                    ///< (V, C)
  std::optional<Array> bias = {};  ///< (V)
};

struct LogitAttribution {
  std::vector<std::string>
      parts;            ///< P names: the given ones, then "final_norm.bias" and "head.bias" where there are any
  Array contributions;  ///< (B, T, P)
  Array logits;         ///< (B, T): their sums, which are the model's logits of the targets
};

/// Direct logit attribution: what each part adds to the logit of targets[b, t], the final normalisation's scale being
/// held at the value of the whole stream. With `instead` the difference to the logit of instead[b, t] is split. A
/// negative target is ignored: zeros. Sums are in double.
/// Exact for models without a final normalisation, or with LayerNorm or RMSNorm, whose residual stream is the sum of
/// `parts` (pre-norm; not post-norm) and whose head is linear.
/// Throws ShapeError when shapes do not fit or a target is no class.
/// Source: Elhage et al. 2021 ("direct path" terms of the logits); the frozen scale: nostalgebraist 2020 and
/// TransformerLens's logit attribution.
LogitAttribution attribute_logits(const std::vector<ResidualPart>& parts, const std::optional<FrozenNorm>& final_norm,
                                  const Unembedding& unembedding, const Tokens& targets,
                                  const Tokens* instead = nullptr);

}  // namespace headlight::inline HEADLIGHT_PRECISION
