#pragma once

#include <cstdint>
#include <string_view>

namespace headlight {

/// A random order of 0 ... count - 1 that is computed instead of stored: a set of any size is split, or gone through,
/// without a list of it.
///
/// A balanced Feistel network (Luby & Rackoff 1988) over the least even number of bits that holds count - 1, with ten
/// rounds whose functions are words of Philox; a result of count or more goes through again (cycle walking: Black &
/// Rogaway 2002, "Ciphers with arbitrary finite domains", section 4). Both steps are bijections, so the whole is one.
class IndexOrder {
 public:
  /// The order of this purpose and seed. Throws ConfigError when count is 0 or more than 2^62.
  IndexOrder(std::uint64_t count, std::uint64_t seed, std::string_view purpose);

  std::uint64_t count() const { return count_; }

  /// What stands at this place of the order, index < count().
  std::uint64_t operator()(std::uint64_t index) const;

 private:
  std::uint64_t once(std::uint64_t value) const;

  std::uint64_t count_;
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint32_t half_bits_ = 1;
};

}  // namespace headlight
