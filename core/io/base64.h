#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace headlight {

/// RFC 4648, section 4: `+`, `/` and `=` at the end, without line breaks.
std::string base64(std::span<const std::byte> bytes);

}  // namespace headlight
