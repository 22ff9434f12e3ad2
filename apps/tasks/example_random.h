#pragma once

#include <string_view>

#include "apps/tasks/task.h"
#include "core/random.h"

/// What every generated task needs.
namespace headlight {

/// The random numbers of one example. Splits and tasks have streams of their own, so that equal seeds never give the
/// same example twice.
Random example_random(std::string_view task, Split split, std::uint64_t seed, std::uint64_t index);

/// Throws ConfigError when the split has no example `index`, ShapeError when a span does not hold length() elements.
void check_example(const Task& task, Split split, std::uint64_t index, std::span<const std::int32_t> input,
                   std::span<const std::int32_t> target);

}  // namespace headlight
