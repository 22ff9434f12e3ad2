#include "tests/layers/heap_watch.h"

#include <atomic>
#include <cerrno>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEADLIGHT_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HEADLIGHT_SANITIZED
#endif
#endif

namespace headlight::testing {
namespace {

std::atomic<bool> watching{false};
std::atomic<std::size_t> requests_seen{0};
std::atomic<std::size_t> large_seen{0};
std::atomic<std::size_t> largest_seen{0};

[[maybe_unused]] void see(std::size_t bytes) {
  if (!watching.load(std::memory_order_relaxed)) return;
  ++requests_seen;
  if (bytes > HeapWatch::kLarge) ++large_seen;
  std::size_t largest = largest_seen.load();
  while (bytes > largest && !largest_seen.compare_exchange_weak(largest, bytes)) {
  }
}

}  // namespace

HeapWatch::HeapWatch() {
  requests_seen = large_seen = largest_seen = 0;
  watching = true;
}
HeapWatch::~HeapWatch() { watching = false; }

std::size_t HeapWatch::requests() const { return requests_seen; }
std::size_t HeapWatch::large_requests() const { return large_seen; }
std::size_t HeapWatch::largest() const { return largest_seen; }

#ifdef HEADLIGHT_SANITIZED

bool heap_is_watched() { return false; }

}  // namespace headlight::testing

#else

bool heap_is_watched() { return true; }

}  // namespace headlight::testing

// A program's own malloc takes the place of the C library's, also for the library's callers and operator new. These
// pass on to glibc's own functions, so that its free() goes on to work.
extern "C" {

void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) {
  headlight::testing::see(bytes);
  return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) {
  headlight::testing::see(count * bytes);
  return __libc_calloc(count, bytes);
}

void* realloc(void* block, std::size_t bytes) {
  headlight::testing::see(bytes);
  return __libc_realloc(block, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
  headlight::testing::see(bytes);
  return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  *block = memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"

#endif
