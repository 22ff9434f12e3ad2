#include "core/parallel.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/processors.h"

namespace headlight {
namespace {

constexpr std::size_t kCacheLine = 64;
// Long enough to bridge the serial code between two loops, short enough that an idle process uses no processor.
constexpr std::chrono::microseconds kSpinTime{100};
constexpr int kPausesPerLook = 32;

// A region is one loop run by the pool. The gate says all about it in one word: an epoch that names the region, whether
// it is open, whether workers shall end, and how many are inside. A worker may enter (by compare-and-swap) only while it
// is open, and the caller waits only for those that did: a worker that sleeps, or was not scheduled, delays nobody.
constexpr std::uint64_t kInsideMask = 0xFFFF;
constexpr std::uint64_t kOpen = 0x1'0000;
constexpr std::uint64_t kStop = 0x2'0000;
constexpr std::uint64_t kEpoch = std::uint64_t{1} << 32;

constexpr std::uint64_t epoch_of(std::uint64_t gate) { return gate / kEpoch; }

struct Region {
  detail::ChunkBody body = nullptr;
  void* context = nullptr;
  std::size_t chunk_count = 0;
};

// The exception of the lowest chunk that threw.
struct Failure {
  std::exception_ptr error;
  std::size_t chunk = 0;

  void note(std::size_t where) {
    if (error == nullptr || where < chunk) {
      error = std::current_exception();
      chunk = where;
    }
  }
};

struct Workers {
  alignas(kCacheLine) std::atomic<std::uint64_t> gate{0};
  Region region;  // written by the owner of region_mutex while nobody is inside
  alignas(kCacheLine) std::atomic<std::size_t> next_chunk{0};
  alignas(kCacheLine) std::atomic<std::uint32_t> sleepers{0};
  std::atomic<std::uint32_t> alarm{0};  // what sleepers wait on: changes at every call to wake up
  std::atomic<std::size_t> threads{std::min(usable_processors(), kMaximumThreads)};
  std::atomic<bool> crowded{false};  // more threads than processors: waiting must give the processor away
  std::mutex region_mutex;
  std::vector<std::thread> workers;  // guarded by region_mutex, like started
  bool started = false;
  std::mutex failure_mutex;
  Failure failure;
};

// Never destroyed: workers sleep in it until the process has ended, whatever static destructors do.
Workers& workers() {
  static Workers* const instance = new Workers;
  return *instance;
}

// How deep this thread stands in regions of the pool, and in bodies of loops whether the pool runs them or not.
thread_local std::size_t regions = 0;
thread_local std::size_t loops = 0;

class Inside {
 public:
  explicit Inside(std::size_t& depth) : depth_(depth) { ++depth_; }
  ~Inside() { --depth_; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  std::size_t& depth_;
};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void take_chunks(Workers& p) {
  const Region region = p.region;
  for (;;) {
    const std::size_t chunk = p.next_chunk.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= region.chunk_count) return;
    try {
      region.body(region.context, chunk);
    } catch (...) {
      const std::lock_guard lock(p.failure_mutex);
      p.failure.note(chunk);
    }
  }
}

void run_alone(std::size_t chunk_count, detail::ChunkBody body, void* context) {
  Failure failure;
  for (std::size_t chunk = 0; chunk < chunk_count; ++chunk) {
    try {
      body(context, chunk);
    } catch (...) {
      failure.note(chunk);
    }
  }
  if (failure.error != nullptr) std::rethrow_exception(failure.error);
}

bool concerns(std::uint64_t gate, std::uint64_t seen_epoch) {
  return (gate & kStop) != 0 || ((gate & kOpen) != 0 && epoch_of(gate) != seen_epoch);
}

// The gate once it is open for a region other than `seen_epoch`, or tells to stop.
std::uint64_t wait_at_gate(Workers& p, std::uint64_t seen_epoch) {
  using Clock = std::chrono::steady_clock;
  std::uint64_t noticed_epoch = seen_epoch;
  Clock::time_point deadline = Clock::now() + kSpinTime;
  for (;;) {
    for (int i = 0; i < kPausesPerLook; ++i) {
      const std::uint64_t gate = p.gate.load(std::memory_order_acquire);
      if (concerns(gate, seen_epoch)) return gate;
      if (epoch_of(gate) != noticed_epoch) {  // came and went: loops are following one another
        noticed_epoch = epoch_of(gate);
        deadline = Clock::now() + kSpinTime;
      }
      pause();
    }
    if (p.crowded.load(std::memory_order_relaxed)) std::this_thread::yield();
    if (Clock::now() < deadline) continue;

    // Either this sees the gate that the caller opened, or the caller sees the sleeper: both are sequentially
    // consistent. The alarm is read first, so that one raised in between ends the wait at once.
    p.sleepers.fetch_add(1);
    const std::uint32_t alarm = p.alarm.load();
    const std::uint64_t gate = p.gate.load();
    if (!concerns(gate, seen_epoch)) p.alarm.wait(alarm);
    p.sleepers.fetch_sub(1);
    deadline = Clock::now() + kSpinTime;
  }
}

void work(Workers& p) {
  const Inside region(regions), loop(loops);  // for good: whatever a body calls on this thread is nested
  std::uint64_t seen_epoch = 0;
  for (;;) {
    std::uint64_t gate = wait_at_gate(p, seen_epoch);
    if ((gate & kStop) != 0) return;
    if (!p.gate.compare_exchange_weak(gate, gate + 1, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    seen_epoch = epoch_of(gate);
    take_chunks(p);
    p.gate.fetch_sub(1, std::memory_order_release);
  }
}

void wake(Workers& p, std::size_t wanted) {
  const std::size_t sleepers = p.sleepers.load();
  if (sleepers == 0) return;
  p.alarm.fetch_add(1);
  if (wanted >= sleepers) {
    p.alarm.notify_all();
  } else {
    for (std::size_t i = 0; i < wanted; ++i) p.alarm.notify_one();
  }
}

// Signals of the process belong to the program's own threads; those that a fault raises stay with the faulty thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t signals;
    sigfillset(&signals);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) sigdelset(&signals, fault);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

void start_workers(Workers& p) {
  p.started = true;
  const std::size_t threads = p.threads.load(std::memory_order_relaxed);
  p.crowded.store(threads > usable_processors(), std::memory_order_relaxed);
  const SignalsBlocked blocked;
  try {
    p.workers.reserve(threads - 1);
    while (p.workers.size() + 1 < threads) p.workers.emplace_back([&p] { work(p); });
  } catch (const std::system_error&) {
    // No more threads to be had. No loop needs them.
  }
}

void stop_workers(Workers& p) {
  const std::uint64_t closed = p.gate.load(std::memory_order_relaxed) + kEpoch;
  p.gate.store(closed | kStop);
  p.alarm.fetch_add(1);
  p.alarm.notify_all();
  for (std::thread& worker : p.workers) worker.join();
  p.workers.clear();
  p.gate.store(closed);
  p.started = false;
}

void run_region(Workers& p, const Region& region) {
  p.region = region;
  p.next_chunk.store(0, std::memory_order_relaxed);
  p.gate.store((epoch_of(p.gate.load(std::memory_order_relaxed)) + 1) * kEpoch | kOpen);
  wake(p, region.chunk_count - 1);
  {
    const Inside inside(regions);
    take_chunks(p);
  }
  p.gate.fetch_and(~kOpen, std::memory_order_relaxed);
  int patience = 64 * kPausesPerLook;
  while ((p.gate.load(std::memory_order_acquire) & kInsideMask) != 0) {
    if (patience > 0 && !p.crowded.load(std::memory_order_relaxed)) {
      --patience;
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace

std::size_t thread_count() { return workers().threads.load(std::memory_order_relaxed); }

void set_thread_count(std::size_t count) {
  if (count == 0 || count > kMaximumThreads) {
    raise<ConfigError>("threads", "the number of threads is out of range", std::to_string(count),
                       "give 1 to " + std::to_string(kMaximumThreads));
  }
  if (loops > 0) {
    raise<StateError>("threads", "the number of threads cannot change inside a parallel loop", {},
                      "set it before the loop");
  }
  Workers& p = workers();
  const std::lock_guard lock(p.region_mutex);
  if (count == p.threads.load(std::memory_order_relaxed)) return;
  if (p.started) stop_workers(p);
  p.threads.store(count, std::memory_order_relaxed);
}

namespace detail {

void run_chunks(std::size_t chunk_count, ChunkBody body, void* context) {
  if (chunk_count == 0) return;
  const Inside loop(loops);
  if (chunk_count == 1) return body(context, 0);
  Workers& p = workers();
  if (regions > 0) return run_alone(chunk_count, body, context);
  std::unique_lock lock(p.region_mutex, std::try_to_lock);
  if (!lock.owns_lock() || p.threads.load(std::memory_order_relaxed) == 1) {
    if (lock.owns_lock()) lock.unlock();
    return run_alone(chunk_count, body, context);
  }
  if (!p.started) start_workers(p);
  run_region(p, {body, context, chunk_count});
  if (p.failure.error == nullptr) return;
  const std::exception_ptr error = std::exchange(p.failure.error, nullptr);
  lock.unlock();
  std::rethrow_exception(error);
}

std::size_t range_count(std::size_t size, std::size_t grain) {
  if (grain == 0) raise<ShapeError>("parallel ranges", "the grain is 0", "size " + std::to_string(size));
  return size / grain + (size % grain != 0 ? 1 : 0);
}

}  // namespace detail
}  // namespace headlight
