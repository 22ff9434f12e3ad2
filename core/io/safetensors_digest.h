#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/io/digest.h"
#include "core/io/safetensors.h"

namespace headlight {

/// Offset of the digest's first digit in a header as our writer spells it, or nothing.
/// No other place of a valid header can match: inside a string the quotes would be escaped.
inline std::optional<std::size_t> find_digest(std::string_view json) {
  const std::string mark = "\"" + std::string(kDigestKey) + "\":\"";
  const std::size_t begin = json.find(mark);
  if (begin == std::string_view::npos || json.size() - begin - mark.size() <= Digest::kDigits) return std::nullopt;
  const std::size_t digits = begin + mark.size();
  return json[digits + Digest::kDigits] == '"' ? std::optional(digits) : std::nullopt;
}

}  // namespace headlight
