#include "apps/tasks/reverse.h"

#include <fmt/format.h>

#include <limits>

#include "apps/tasks/example_random.h"
#include "core/error.h"

namespace headlight {

Reverse::Reverse(const ReverseOptions& options) : options_(options) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
  if (options.symbols == 0 || options.length == 0 || options.symbols > kMost || options.length > kMost) {
    raise<ConfigError>("reverse", "symbols and length must be from 1 to 2147483647",
                       fmt::format("symbols {}, length {}", options.symbols, options.length));
  }
}

std::optional<std::uint64_t> Reverse::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

void Reverse::example(Split split, std::uint64_t index, std::span<std::int32_t> input,
                      std::span<std::int32_t> target) const {
  check_example(*this, split, index, input, target);
  Random random =
      example_random("reverse", split, split == Split::train ? options_.train_seed : options_.eval_seed, index);
  for (std::size_t i = 0; i < options_.length; ++i) {
    const auto symbol = static_cast<std::int32_t>(random.uniform_below(options_.symbols));
    input[i] = symbol;
    target[options_.length - 1 - i] = symbol;
  }
}

std::optional<std::size_t> Reverse::expected_key(std::size_t query, std::size_t length) const {
  if (query >= length) return std::nullopt;
  return length - 1 - query;
}

}  // namespace headlight
