#include "apps/data/holdout.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace headlight {

Holdout::Holdout(std::uint64_t total, std::uint64_t held, std::string_view key) : total_(total), held_(held) {
  if (held == 0 || held >= total) {
    raise<ConfigError>("held-out examples", "some must be held out, and some left to train on",
                       fmt::format("{} of {}", held, total), fmt::format("give more data, or change `{}`", key));
  }
}

Holdout Holdout::random(std::uint64_t total, std::uint64_t held, std::uint64_t seed, std::string_view key) {
  Holdout holdout(total, held, key);
  Random random({.seed = seed, .stream = stream_id("data.holdout")});
  holdout.drawn_.reserve(held);
  for (std::uint64_t item = 0; holdout.drawn_.size() < held; ++item) {
    if (random.uniform_below(total - item) < held - holdout.drawn_.size()) holdout.drawn_.push_back(item);
  }
  return holdout;
}

Holdout Holdout::tail(std::uint64_t total, std::uint64_t held, std::string_view key) { return {total, held, key}; }

std::uint64_t Holdout::held(std::uint64_t i) const { return drawn_.empty() ? total_ - held_ + i : drawn_[i]; }

std::uint64_t Holdout::kept(std::uint64_t i) const {
  // The first j such that more than i items before drawn_[j] are kept: so many drawn ones stand before the item.
  std::uint64_t low = 0;
  std::uint64_t high = drawn_.size();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (drawn_[middle] - middle > i) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return i + low;
}

}  // namespace headlight
