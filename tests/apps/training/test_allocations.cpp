// From the third update on, a training step takes no block above 1 KiB from the heap: its arrays come from the pool.
// Counted by replacing operator new.

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <catch2/catch.hpp>

#include "core/pool.h"
#include "tests/apps/training/training_testing.h"

namespace {

constexpr std::size_t kLarge = 1024;
std::atomic<bool> counting{false};
std::atomic<std::size_t> large_blocks{0};
std::atomic<std::size_t> small_blocks{0};

void count(std::size_t bytes) {
  if (!counting.load(std::memory_order_relaxed)) return;
  (bytes > kLarge ? large_blocks : small_blocks).fetch_add(1, std::memory_order_relaxed);
}

void* counted(std::size_t bytes) {
  count(bytes);
  void* const block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* counted(std::size_t bytes, std::align_val_t alignment) {
  count(bytes);
  const auto align = static_cast<std::size_t>(alignment);
  void* const block = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return counted(bytes, alignment); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return counted(bytes, alignment); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  count(bytes);
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

namespace headlight::inline HEADLIGHT_PRECISION {

TEST_CASE("From the third update on no block above 1 KiB comes from the heap, epochs included") {
  // An epoch has 5 updates, so two orders are drawn while counting; every array of this model is above 1 KiB.
  const std::string more = GENERATE("optimizer.ema=0.5", "optimizer.type=muon", "optimizer.type=adafactor",
                                    "optimizer.type=schedule_free", "optimizer.type=lion");
  INFO(more);
  large_blocks = 0;
  testing::Parts parts(headlight::testing::tiny_config({"batch_size=8", "d_model=32", more}));
  const Objective objective(parts.config.loss, *parts.task, *parts.model);
  const UpdateParts update{
      .model = *parts.model, .objective = objective, .optimizer = *parts.optimizer, .grad_clip = 1.0, .seed = 3};
  Batches batches = build_batches(parts.config, *parts.task);
  Batch batch;
  const auto step = [&](std::uint64_t number) {
    batches.fill(number, batch);
    run_update(update, number, {&batch, 1});
  };
  step(0);
  step(1);
  const PoolStatistics before = pool_statistics();
  counting = true;
  for (std::uint64_t number = 2; number < 14; ++number) step(number);
  counting = false;
  CHECK(large_blocks == 0);
  CHECK(pool_statistics().system_requests == before.system_requests);
  CHECK(pool_statistics().bytes_held == before.bytes_held);
  // The counter itself works: a block above the limit is seen.
  counting = true;
  ::operator delete(::operator new(kLarge + 1));  // called as functions: a new expression may be left out
  counting = false;
  CHECK(large_blocks == 1);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
