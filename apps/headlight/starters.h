#pragma once

#include <span>
#include <string_view>

namespace headlight {

/// A config that ships with Headlight: data/configs/<name>.json as it stands there.
struct Starter {
  std::string_view name;
  std::string_view text;
};

/// All of them, in the order of their names.
std::span<const Starter> starters();

}  // namespace headlight
