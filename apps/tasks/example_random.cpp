#include "apps/tasks/example_random.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace headlight {

Random example_random(std::string_view task, const ExampleRequest& request, const ExampleSeeds& seeds) {
  const bool train = request.split == Split::train;
  const std::uint64_t stream = stream_id(fmt::format("{}.{}", task, train ? "train" : "eval"));
  // A key's step has 32 bits. What an endless training set needs beyond them moves the stream.
  return Random({.seed = train ? seeds.train : seeds.eval,
                 .stream = stream + (request.index >> 32U),
                 .step = request.index & 0xFFFF'FFFFU});
}

void check_index(std::string_view task, const Task& of, const ExampleRequest& request) {
  const std::optional<std::uint64_t> count = of.examples(request.split);
  if (!count || request.index < *count) return;
  raise<ConfigError>(task, fmt::format("there is no example {}", request.index),
                     fmt::format("the {} split has {}", request.split == Split::train ? "train" : "eval", *count));
}

void check_only_length(std::string_view task, const ExampleRequest& request, std::size_t length) {
  if (!request.length || *request.length == length) return;
  raise<ConfigError>(task, fmt::format("there is no example of length {}", *request.length),
                     fmt::format("the only length is {}", length));
}

bool is_held_out(std::span<const std::int32_t> input, double share) {
  // FNV-1a over the symbols. Its upper bits hardly move with the last symbols, so they are mixed once more: the
  // finalizer of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators").
  std::uint64_t hash = stream_id("held out");
  for (const std::int32_t symbol : input) {
    hash ^= static_cast<std::uint32_t>(symbol);
    hash *= 0x0000'0100'0000'01B3;
  }
  hash = (hash ^ (hash >> 30U)) * 0xBF58'476D'1CE4'E5B9;
  hash = (hash ^ (hash >> 27U)) * 0x94D0'49BB'1331'11EB;
  hash ^= hash >> 31U;
  return static_cast<double>(hash >> 11U) * 0x1p-53 < share;
}

std::size_t Lengths::longest() const {
  std::size_t longest = most;
  for (const std::size_t length : asked) longest = std::max(longest, length);
  return longest;
}

std::size_t Lengths::drawn(Random& random, const ExampleRequest& request, std::string_view task) const {
  if (request.length) {
    if (*request.length == 0 || *request.length > longest()) {
      raise<ConfigError>(task, fmt::format("there is no example of length {}", *request.length),
                         fmt::format("lengths {} to {}", least, longest()), "name longer ones in `task.eval.lengths`");
    }
    return *request.length;
  }
  return least == most ? most : least + static_cast<std::size_t>(random.uniform_below(most - least + 1));
}

}  // namespace headlight
