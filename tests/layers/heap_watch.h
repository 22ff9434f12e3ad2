#pragma once

// A malloc of its own: counts what a piece of a program asks of the heap, by whatever way (new, malloc, posix_memalign).
#include <cstddef>

namespace headlight::testing {

/// False where a sanitizer owns malloc; counts are then 0 and mean nothing.
bool heap_is_watched();

/// Counts requests of all threads while it lives. Not to be nested.
class HeapWatch {
 public:
  static constexpr std::size_t kLarge = 1024;

  HeapWatch();
  ~HeapWatch();
  HeapWatch(const HeapWatch&) = delete;
  HeapWatch& operator=(const HeapWatch&) = delete;

  std::size_t requests() const;
  std::size_t large_requests() const;  ///< above kLarge bytes
  std::size_t largest() const;         ///< bytes
};

}  // namespace headlight::testing
