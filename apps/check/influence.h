#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/check/probe.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Which outputs change when an input changes: a truth value for (output member b, query q, input member c, key k).
class Influence {
 public:
  Influence(std::size_t batch, std::size_t queries, std::size_t keys)
      : batch_(batch), queries_(queries), keys_(keys), reads_(batch * queries * batch * keys) {}

  std::size_t batch() const { return batch_; }
  std::size_t queries() const { return queries_; }
  std::size_t keys() const { return keys_; }

  bool reads(std::size_t b, std::size_t q, std::size_t c, std::size_t k) const {
    return reads_[index(b, q, c, k)] != 0;
  }
  void set(std::size_t b, std::size_t q, std::size_t c, std::size_t k) { reads_[index(b, q, c, k)] = 1; }
  /// Within one member.
  bool reads(std::size_t b, std::size_t q, std::size_t k) const { return reads(b, q, b, k); }

  bool operator==(const Influence&) const = default;

 private:
  std::size_t index(std::size_t b, std::size_t q, std::size_t c, std::size_t k) const {
    return ((b * queries_ + q) * batch_ + c) * keys_ + k;
  }

  std::size_t batch_;
  std::size_t queries_;
  std::size_t keys_;
  std::vector<std::uint8_t> reads_;
};

/// The first output that reads another member, in words; "" when none does.
std::string cross_talk_in(const Influence& seen);

/// The sequence whose positions are changed.
enum class Stream { input, memory };

/// Changes each position of one sequence of `inputs` in two ways and compares every output byte for byte. `queries`:
/// positions of the output, or 1 when it has no time axis.
Influence measure_influence(const Probe& probe, Module& module, const CheckInputs& inputs, const CheckCall& call,
                            Stream stream, std::size_t queries);

}  // namespace headlight::inline HEADLIGHT_PRECISION
