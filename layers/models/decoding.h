#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "layers/key_value_cache.h"
#include "layers/models/generate.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Sequences of one length that grow together. With a cache each step reads the newest token alone.
class Decoding {
 public:
  /// `memory` (B, Ts, C) with its real lengths, or an undefined tensor for a decoder.
  Decoding(Model& model, Prompts sequences, Tensor memory, std::vector<std::size_t> memory_lengths, bool cache);

  std::size_t count() const { return sequences_.size(); }
  std::size_t length() const { return sequences_.front().size(); }
  const std::vector<std::int32_t>& sequence(std::size_t row) const { return sequences_[row]; }

  /// log softmax of the logits behind each sequence, in double: row b's V numbers are [b]. Throws NumericError when
  /// they are not finite.
  std::vector<std::vector<double>> log_probabilities();

  /// Sequence i becomes what was sequence rows[i], with tokens[i] behind it.
  void extend(const std::vector<std::size_t>& rows, const std::vector<std::int32_t>& tokens);

 private:
  Tensor run();

  Model& model_;
  Prompts sequences_;
  Tensor memory_;
  std::vector<std::size_t> memory_lengths_;
  bool cached_;
  KeyValueCache cache_{};
};

/// The best continuation of one sequence by beam search: `decoding` holds that sequence alone.
Generated beam_search(Decoding& decoding, std::size_t new_tokens, const GenerateOptions& options);

}  // namespace headlight::inline HEADLIGHT_PRECISION
