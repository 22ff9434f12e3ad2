#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/array.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// How the heads of an attention layer lie in its parameters.
struct HeadLayout {
  std::size_t heads = 1;     ///< H
  std::size_t kv_heads = 0;  ///< keys and values, each shared by H / kv_heads neighbouring heads; 0: H
  bool sum_heads = false;    ///< heads are summed before one common output projection, not concatenated
};

/// The projections of one head, as matrices that act on columns:  q = query x + query_bias,  and likewise for keys and
/// values; the head adds output z to the residual stream. Biases are zeros where the layer has none. The layer's output
/// bias belongs to no head and is not here.
struct HeadWeights {
  Array query;       ///< W_Q (D, C)
  Array key;         ///< W_K (D, key width)
  Array value;       ///< W_V (Dv, value width)
  Array output;      ///< W_O (out size, Dv)
  Array query_bias;  ///< (D)
  Array key_bias;    ///< (D)
  Array value_bias;  ///< (Dv); adds output value_bias to every row whose weights sum to 1
};

/// The heads of the attention layer at `path` ("layers.0.attention"; "" for the module itself), cut out of its
/// parameters query, key, value and output. Only projections are read: a score other than scaled dot, rotated positions,
/// normalised queries or talking heads are not part of these matrices.
/// Throws StateError when a weight is missing (naming the paths where there are any), ShapeError when the weights do
/// not divide into these heads or a value is convolved.
std::vector<HeadWeights> head_weights(const Module& model, const std::string& path, const HeadLayout& layout);

/// An element by its place in row-major order, for sums in double.
inline double element(const Array& a, std::size_t index) { return static_cast<double>(a.data()[index]); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
