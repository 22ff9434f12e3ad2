#pragma once

#include <string>

#include "apps/inspect/attention_map.h"

namespace headlight {

/// A map as a table: one line per cell that is not hidden, with the columns query, query_token, key, key_token, weight.
/// Weights have nine digits, from which their floats are read back; what is no number is nan, inf or -inf.
/// Source: RFC 4180, with lines that end in a line feed alone.
std::string map_csv(const AttentionMap& map);

}  // namespace headlight
