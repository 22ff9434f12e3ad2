#pragma once

#include <cstddef>
#include <type_traits>

/// The one owner of threads. Work is cut into chunks whose bounds depend on the problem alone; threads only decide who
/// computes a chunk, so every result is the same for every number of threads.
namespace headlight {

inline constexpr std::size_t kMaximumThreads = 1024;

/// Threads that take part in a loop, the calling one included; at first the number of processors this process may use.
std::size_t thread_count();

/// 1 <= count <= kMaximumThreads; with 1 every loop runs on the caller. Waits for a loop that another thread is running.
/// Where the system refuses a thread, loops run on those there are.
/// Throws ConfigError on another count, StateError inside the body of a loop.
void set_thread_count(std::size_t count);

namespace detail {

using ChunkBody = void (*)(void* context, std::size_t chunk);

void run_chunks(std::size_t chunk_count, ChunkBody body, void* context);

/// ceil(size / grain). Throws ShapeError when grain is 0.
std::size_t range_count(std::size_t size, std::size_t grain);

}  // namespace detail

/// Calls body(0) ... body(chunk_count - 1), each once, on any threads and in any order, and returns when all are done.
/// All chunks run even when some throw; the exception of the lowest such chunk is then rethrown.
/// A loop inside a body, or while another thread's loop has the pool, runs on its caller alone. Allocates nothing.
template <class Body>
void parallel_for(std::size_t chunk_count, Body&& body) {
  using Callable = std::remove_reference_t<Body>;
  void* const context = const_cast<void*>(static_cast<const volatile void*>(&body));
  detail::run_chunks(
      chunk_count, [](void* self, std::size_t chunk) { (*static_cast<Callable*>(self))(chunk); }, context);
}

/// Calls body(begin, end) for [0, grain), [grain, 2 grain), ... up to size, as parallel_for does.
/// Throws ShapeError when grain is 0.
template <class Body>
void parallel_ranges(std::size_t size, std::size_t grain, Body&& body) {
  parallel_for(detail::range_count(size, grain), [&](std::size_t chunk) {
    const std::size_t begin = chunk * grain;
    body(begin, size - begin < grain ? size : begin + grain);
  });
}

}  // namespace headlight
