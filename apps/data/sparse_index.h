#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headlight {

/// Where the elements of a file stand (its lines, or its characters), remembered for one element in every 4 KB of it:
/// the others are found by reading on from there.
class SparseIndex {
 public:
  struct Entry {
    std::uint64_t element = 0;
    std::uint64_t offset = 0;  ///< of its first byte
    std::uint64_t line = 1;    ///< of the file, from 1
  };

  /// Elements are told in their order.
  void add(const Entry& entry) {
    if (entries_.empty() || entry.offset >= entries_.back().offset + kStride) entries_.push_back(entry);
  }
  /// Number of the first offset at which add() keeps an element.
  std::uint64_t next_offset() const { return entries_.empty() ? 0 : entries_.back().offset + kStride; }

  /// The last entry at or before an element; there is at least one, for element 0.
  Entry before(std::uint64_t element) const;

  std::size_t size() const { return entries_.size(); }

  static constexpr std::uint64_t kStride = 4096;

 private:
  std::vector<Entry> entries_;
};

}  // namespace headlight
