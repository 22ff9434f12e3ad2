#pragma once

#include <cstddef>

namespace headlight {

/// Processors on which the system may run this thread and those it starts, at least 1: all of the machine's, or those
/// that `taskset` or a container gives it.
std::size_t usable_processors();

}  // namespace headlight
