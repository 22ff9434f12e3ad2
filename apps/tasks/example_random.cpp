#include "apps/tasks/example_random.h"

#include <fmt/format.h>

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
