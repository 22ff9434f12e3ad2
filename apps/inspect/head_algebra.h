#pragma once

#include <complex>
#include <vector>

#include "apps/inspect/frozen_norm.h"
#include "apps/inspect/head_weights.h"
#include "apps/inspect/low_rank.h"

/// What a head does, read off its weights alone.
///
/// Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (transformer-circuits.pub). Matrices
/// act on columns, as there: a head scores a query x against a key y by x^T QK y / sqrt(D) and moves OV y. Biases are
/// in the positional scores only; a normalisation in front counts once it is folded into the head. All functions throw
/// ShapeError when widths do not fit and NumericError on NaN or infinity.
namespace headlight::inline HEADLIGHT_PRECISION {

/// W_Q^T W_K: what attends to what (query width, key width), rank D. Without the factor 1 / sqrt(D).
LowRank qk_circuit(const HeadWeights& head);

/// W_O W_V: what is moved once it is attended to (out size, value width), rank Dv.
LowRank ov_circuit(const HeadWeights& head);

/// The head that reads x where this one reads the normalised x, up to the scale of each position: the gain, the bias
/// and, when centred, the projection x - mean(x) go into W_Q, W_K and W_V. For self-attention, where one normalisation
/// stands in front of all three.
HeadWeights fold_norm(const HeadWeights& head, const FrozenNorm& norm);

/// How far the eigenvalues of a map lie on the positive side.
struct EigenSigns {
  double positive_share =
      0;               ///< of the eigenvalues above rounding, those with a positive real part; 0 when there is none
  double balance = 0;  ///< sum(lambda) / sum(|lambda|) in [-1, 1]: 1 when all are positive; 0 for the zero map
};

EigenSigns eigen_signs(const LowRank& map);

/// The signs of W_U OV W_E (V, V): a positive eigenvalue means tokens that raise their own logits. embedding and
/// unembedding (V, C) as stored; the eigenvalues of OV itself are eigen_signs(ov_circuit(head)).
/// Source: Elhage et al. 2021, "Copying / Primitive In-Context Learning", summary by eigenvalues.
EigenSigns copying_score(const HeadWeights& head, const Array& embedding, const Array& unembedding);

/// How much of what `earlier` writes is read by a later head through each of its inputs:
///   query |QK^T OV| / (|QK| |OV|),  key |QK OV| / (|QK| |OV|),  value |OV_later OV| / (|OV_later| |OV|)
/// with Frobenius norms; about 1 / sqrt(C) for random weights, 0 for a zero map.
/// Source: Elhage et al. 2021, "Composition scores".
struct CompositionScores {
  double query = 0;
  double key = 0;
  double value = 0;
};

CompositionScores composition_scores(const HeadWeights& later, const HeadWeights& earlier);

/// QK_later OV_earlier: what the later head looks for in the keys that the earlier one wrote (query width, value width
/// of the earlier one).
LowRank key_composed_qk(const HeadWeights& later, const HeadWeights& earlier);

/// The signs of W_E QK_later OV_earlier W_E^T (V, V): positive when the later head attends to keys into which the
/// earlier one copied the query's own token. With an earlier head that reads the previous token this is an induction
/// head's prefix matching.   Source: Elhage et al. 2021, "How Do Induction Heads Work?".
EigenSigns prefix_matching_score(const HeadWeights& later, const HeadWeights& earlier, const Array& embedding);

/// The attention that positions alone would give, from a table of positions (T, C): softmax over the keys j (j <= i when
/// `causal`) of (W_Q p_i + b_q) (W_K p_j + b_k) / sqrt(D). (T, T), rows sum to 1.
Array positional_attention(const HeadWeights& head, const Array& positions, bool causal);

/// The mean over rows i >= 1 of positional_attention(...)[i, i - 1]. Throws ShapeError below two positions.
double previous_token_score(const HeadWeights& head, const Array& positions, bool causal);

}  // namespace headlight::inline HEADLIGHT_PRECISION
