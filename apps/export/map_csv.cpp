#include "apps/export/map_csv.h"

#include <fmt/format.h>

#include <iterator>

namespace headlight {
namespace {

/// A field in quotes, those in it doubled.
std::string quoted_field(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + '"';
}

std::string label_of(const std::vector<std::string>& labels, std::size_t index) {
  return labels.empty() ? std::string() : quoted_field(labels[index]);
}

}  // namespace

std::string map_csv(const AttentionMap& map) {
  std::string csv = "query,query_token,key,key_token,weight\n";
  for (std::size_t q = 0; q < map.rows; ++q) {
    for (std::size_t k = 0; k < map.cols; ++k) {
      if (map.kind(q, k) == CellKind::kHidden) continue;
      fmt::format_to(std::back_inserter(csv), "{},{},{},{},{:.9g}\n", q, label_of(map.row_labels, q), k,
                     label_of(map.col_labels, k), map.weight(q, k));
    }
  }
  return csv;
}

}  // namespace headlight
