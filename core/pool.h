#pragma once

#include <cstddef>
#include <memory>
#include <new>

/// Memory for arrays. Training asks for the same sizes at every step, so a released block is kept in a list of its
/// size class and handed out again: from the third step on no array touches the heap.
namespace headlight {

/// Whole size classes are counted; FlatMemory is not.
struct PoolStatistics {
  std::size_t bytes_in_use;     ///< bytes handed out and not returned
  std::size_t bytes_held;       ///< bytes taken from the system: in use and waiting
  std::size_t system_requests;  ///< how often the pool had to ask the system
};

/// A block of at least `bytes` bytes, aligned to 64; never null. Safe to call from any thread.
/// Throws std::bad_alloc, above 1 TiB without asking the system.
/// Debug builds fill it with 0xFF, which is NaN in every floating-point type.
void* pool_allocate(std::size_t bytes);

/// Returns a block; `bytes` is the size asked for. A block inside a FlatMemory only leaves that memory's count.
void pool_release(void* block, std::size_t bytes) noexcept;

/// Makes sure that `count` blocks of `bytes` bytes can be had without asking the system. For memory that the threads of
/// a loop take for themselves: how many of them hold some at once is left to chance, and what the pool holds is not.
/// Throws as pool_allocate() does.
void pool_reserve(std::size_t bytes, std::size_t count);

PoolStatistics pool_statistics();

/// One contiguous piece of memory in which arrays are placed side by side: the parameters of a model, their gradients,
/// an optimiser's moments. Arrays placed here are ordinary arrays; the memory lives until both this object and the
/// last of them are gone.
class FlatMemory {
 public:
  explicit FlatMemory(std::size_t bytes);
  ~FlatMemory();
  FlatMemory(const FlatMemory&) = delete;
  FlatMemory& operator=(const FlatMemory&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  /// Calls make() so that the one block of exactly `bytes` bytes it allocates on this thread lies at `offset`.
  /// Throws StateError when make() allocates no such block or itself places one, ShapeError when the place is outside
  /// this memory.
  template <class Make>
  auto place(std::size_t offset, std::size_t bytes, Make make) const {
    begin_placement(offset, bytes);
    try {
      auto made = make();
      end_placement();
      return made;
    } catch (...) {
      cancel_placement();
      throw;
    }
  }

 private:
  void begin_placement(std::size_t offset, std::size_t bytes) const;
  static void end_placement();
  static void cancel_placement() noexcept;

  std::byte* data_;
  std::size_t bytes_;
};

/// The standard allocator over the pool; all instances are equal, so containers may swap and move blocks freely.
template <class T>
class PoolAllocator {
 public:
  using value_type = T;
  using is_always_equal = std::true_type;

  PoolAllocator() noexcept = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor): an allocator rebinds

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(pool_allocate(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept { pool_release(block, count * sizeof(T)); }

  template <class U>
  bool operator==(const PoolAllocator<U>&) const noexcept {
    return true;
  }
};

}  // namespace headlight
