#include "apps/tasks/example_random.h"

#include <fmt/format.h>

#include "core/error.h"

namespace headlight {

Random example_random(std::string_view task, Split split, std::uint64_t seed, std::uint64_t index) {
  const std::uint64_t stream = stream_id(fmt::format("{}.{}", task, split == Split::train ? "train" : "eval"));
  // A key's step has 32 bits. What an endless training set needs beyond them moves the stream.
  return Random({.seed = seed, .stream = stream + (index >> 32U), .step = index & 0xFFFF'FFFFU});
}

void check_example(const Task& task, Split split, std::uint64_t index, std::span<const std::int32_t> input,
                   std::span<const std::int32_t> target) {
  const std::optional<std::uint64_t> count = task.examples(split);
  if (count && index >= *count) {
    raise<ConfigError>("task", fmt::format("there is no example {}", index),
                       fmt::format("the {} split has {}", split == Split::train ? "train" : "eval", *count));
  }
  if (input.size() != task.length() || target.size() != task.length()) {
    raise<ShapeError>("task", "input and target must hold one element per position",
                      fmt::format("{} and {} for {} positions", input.size(), target.size(), task.length()));
  }
}

}  // namespace headlight
