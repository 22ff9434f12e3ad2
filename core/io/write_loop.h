#pragma once

#include <cstddef>
#include <span>

namespace headlight {

/// Writes all bytes to the descriptor, through interruptions and short writes. Returns 0, or the error number.
int write_all(int descriptor, std::span<const std::byte> bytes) noexcept;

}  // namespace headlight
