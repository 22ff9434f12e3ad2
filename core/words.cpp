#include "core/words.h"

#include <algorithm>

namespace headlight {
namespace {

constexpr std::size_t kLongestWord = 64;  // longer words are never near a known one
constexpr std::size_t kLargestDistance = 3;

std::u32string decode(std::string_view text) {
  std::u32string points;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U && !points.empty()) {
      points.back() = (points.back() << 6U) | (byte & 0x3FU);
    } else {
      points.push_back(byte);
    }
  }
  return points;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::u32string from = decode(a);
  const std::u32string to = decode(b);
  std::vector<std::size_t> before_last(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[to.size()];
}

bool is_near(std::string_view written, std::string_view known) {
  if (written.size() > kLongestWord) return false;
  const std::size_t distance = edit_distance(written, known);
  return distance <= kLargestDistance && 3 * distance <= decode(written).size();
}

std::string nearest_word(std::string_view written, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t least = kLargestDistance + 1;
  for (const std::string& word : known) {
    if (!is_near(written, word)) continue;
    const std::size_t distance = edit_distance(written, word);
    if (distance >= least) continue;
    least = distance;
    nearest = word;
  }
  return nearest;
}

}  // namespace headlight
