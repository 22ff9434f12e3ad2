#pragma once

#include <cstddef>

namespace headlight {

/// Bytes of memory of this machine; the largest number where the system does not tell.
std::size_t machine_memory();

}  // namespace headlight
