#pragma once

#include <cstddef>
#include <string>

namespace headlight {

/// Processors on which the system may run this thread and those it starts, at least 1: all of the machine's, or those
/// that `taskset` or a container gives it.
std::size_t usable_processors();

/// The model of the machine's processors, such as "Intel(R) Xeon(R) Processor"; "unknown processor" where the system does
/// not tell.
std::string processor_name();

}  // namespace headlight
