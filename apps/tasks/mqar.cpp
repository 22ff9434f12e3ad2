#include "apps/tasks/mqar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace headlight {
namespace {

/// `count` different numbers from {first, ..., last - 1}, in random order.
std::vector<std::int32_t> drawn_without_replacement(Random& random, std::size_t first, std::size_t last,
                                                    std::size_t count) {
  std::vector<std::int32_t> drawn;
  drawn.reserve(count);
  while (drawn.size() < count) {
    const auto number = static_cast<std::int32_t>(first + random.uniform_below(last - first));
    if (std::find(drawn.begin(), drawn.end(), number) == drawn.end()) drawn.push_back(number);
  }
  return drawn;
}

/// An index with probability proportional to its weight; at least one weight is positive.
std::size_t weighted_index(Random& random, const std::vector<double>& weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  double left = random.uniform() * sum;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace

Mqar::Mqar(const MqarOptions& options) : DrawnTask("mqar", options.sets), options_(options) {
  if (options.pairs == 0 || options.vocab / 2 < options.pairs + 1 || options.length.least != options.length.most) {
    refuse(options.length.least);
  }
  check_length(options.length.least);
  draw_sets(options.length.asked);
}

void Mqar::check_length(std::size_t length) const {
  if (length % 2 != 0 || length < 4 * options_.pairs) refuse(length);
}

void Mqar::refuse(std::size_t length) const {
  raise<ConfigError>("mqar", "pairs, length and vocabulary do not fit together",
                     fmt::format("{} pairs, length {}, vocabulary {}", options_.pairs, length, options_.vocab),
                     "take an even length of at least four times the pairs, and a vocabulary of twice as many ids");
}

TaskShape Mqar::shape() const {
  const std::size_t longest = options_.length.longest();
  return {.vocabulary = options_.vocab,
          .classes = options_.vocab,
          .length = longest,
          .target_length = longest,
          .in_place = true};
}

void Mqar::draw(Random& random, const ExampleRequest& request, Example& example) const {
  const std::size_t length = options_.length.drawn(random, request, name());
  check_length(length);
  const std::size_t pairs = options_.pairs;
  const std::size_t context = 2 * pairs;
  const std::size_t half = options_.vocab / 2;
  const std::vector<std::int32_t> keys = drawn_without_replacement(random, 1, half, pairs);
  const std::vector<std::int32_t> values = drawn_without_replacement(random, half, options_.vocab, pairs);
  example.size = length;
  example.input.assign(length, 0);
  example.target.assign(length, kIgnoredTarget);
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    example.input[2 * pair] = keys[pair];
    example.input[2 * pair + 1] = values[pair];
  }
  if (options_.random_non_queries) {
    for (std::size_t i = context; i < length; ++i) {
      example.input[i] = static_cast<std::int32_t>(random.uniform_below(options_.vocab));
    }
  }
  std::vector<double> weights((length - context) / 2);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::pow(static_cast<double>(i + 1), options_.power - 1);
  }
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const std::size_t gap = weighted_index(random, weights);
    weights[gap] = 0;
    example.input[context + 2 * gap] = keys[pair];
    example.target[context + 2 * gap] = values[pair];
  }
}

std::vector<AttentionPattern> Mqar::patterns() const {
  return {{.name = "kv_hit", .block = options_.block, .doc = "the value of the key that is asked for"}};
}

void Mqar::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                      std::vector<std::size_t>& keys) const {
  if (query >= example.target.size() || example.target[query] == kIgnoredTarget) return;
  for (std::size_t pair = 0; pair < options_.pairs; ++pair) {
    if (example.input[2 * pair] == example.input[query]) keys.push_back(2 * pair + 1);
  }
}

}  // namespace headlight
