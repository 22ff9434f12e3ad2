#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "apps/export/onnx_builder.h"

namespace headlight {

/// One of the sequences that a graph reads, with what follows from its length. Nodes are made when they are first asked
/// for, from the shape of the input: nothing of a length is written into the file.
class OnnxSequence {
 public:
  /// `input` (B, T, ...); `extent`: how T is called; `lengths` (B), or "" where all T positions of each member are real.
  OnnxSequence(OnnxBuilder& builder, OnnxValue input, std::string extent, OnnxValue lengths)
      : builder_(builder), input_(std::move(input)), extent_(std::move(extent)), lengths_(std::move(lengths)) {}

  const std::string& extent() const { return extent_; }
  bool padded() const { return !lengths_.empty(); }
  /// (B); only of a padded one.
  const OnnxValue& lengths() const { return lengths_; }

  /// T, a scalar.
  OnnxValue time();
  /// 0 ... T - 1
  OnnxValue positions();
  /// key - query for each pair, (T, T).
  OnnxValue distances();
  /// True at real positions, (B, T); only of a padded one.
  OnnxValue real();
  /// x (B, T, C) with 0 in padded positions; x itself where there are none.
  OnnxValue zero_padding(const OnnxValue& x);

  /// Which keys of this sequence its own queries see, true where they do, in a shape that broadcasts to (B, H, T, T); ""
  /// where all are seen. `window` as in MultiHeadAttentionOptions.
  OnnxValue visible_to_itself(bool causal, std::size_t window);
  /// The same for queries of another sequence, (B, 1, 1, T).
  OnnxValue visible_to_others();

  /// Cosines and sines of the angles of rope() for heads of 2 `pairs` elements: (T, 1, pairs) each.
  std::pair<OnnxValue, OnnxValue> turns(std::size_t pairs, double base);

 private:
  OnnxBuilder& builder_;
  OnnxValue input_;
  std::string extent_;
  OnnxValue lengths_;
  OnnxValue time_{}, positions_{}, distances_{}, real_{}, real_keys_{};
  std::map<std::pair<bool, std::size_t>, OnnxValue> visible_{};
  std::map<std::pair<std::size_t, double>, std::pair<OnnxValue, OnnxValue>> turns_{};
};

}  // namespace headlight
