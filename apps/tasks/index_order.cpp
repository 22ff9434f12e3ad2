#include "apps/tasks/index_order.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace headlight {
namespace {

constexpr std::uint32_t kRounds = 10;
constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;

}  // namespace

IndexOrder::IndexOrder(std::uint64_t count, std::uint64_t seed, std::string_view purpose)
    : count_(count), seed_(seed), stream_(stream_id(purpose)) {
  if (count == 0 || count > kMost) {
    raise<ConfigError>("order", fmt::format("a set in random order has from 1 to {} members", kMost),
                       fmt::format("{}", count));
  }
  while ((std::uint64_t{1} << (2 * half_bits_)) < count) ++half_bits_;
}

std::uint64_t IndexOrder::once(std::uint64_t value) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = value >> half_bits_;
  std::uint64_t right = value & mask;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::uint64_t mixed =
        left ^ (random_bits({.seed = seed_, .stream = stream_, .step = round}, right)[0] & mask);
    left = right;
    right = mixed;
  }
  return left << half_bits_ | right;
}

std::uint64_t IndexOrder::operator()(std::uint64_t index) const {
  std::uint64_t value = once(index);
  while (value >= count_) value = once(value);
  return value;
}

}  // namespace headlight
