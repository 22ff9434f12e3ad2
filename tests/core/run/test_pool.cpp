#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/array.h"
#include "core/error.h"
#include "core/pool.h"
#include "core/random.h"

namespace headlight {
namespace {

bool is_aligned(const void* block) { return reinterpret_cast<std::uintptr_t>(block) % 64 == 0; }

bool holds(const Array& a, float value) {
  return std::all_of(flat(a).begin(), flat(a).end(), [&](float x) { return x == value; });
}

}  // namespace

TEST_CASE("A released block serves the next request of its size, without asking the system") {
  void* const first = pool_allocate(100'000);
  const PoolStatistics before = pool_statistics();
  pool_release(first, 100'000);
  void* const second = pool_allocate(100'000);
  CHECK(second == first);
  CHECK(pool_statistics().system_requests == before.system_requests);
  CHECK(pool_statistics().bytes_held == before.bytes_held);
  pool_release(second, 100'000);

  { const Array a = zeros({123, 457}); }
  const PoolStatistics warm = pool_statistics();
  { const Array a = zeros({123, 457}); }
  CHECK(pool_statistics().system_requests == warm.system_requests);
  CHECK(pool_statistics().bytes_in_use == warm.bytes_in_use);
}

TEST_CASE("Blocks are aligned to 64 bytes, wide enough, and at most a quarter wider than asked") {
  for (const std::size_t bytes : {0u, 1u, 63u, 64u, 65u, 80u, 81u, 128u, 129u, 1000u, 4096u, 70'000u, 2'500'000u}) {
    const PoolStatistics before = pool_statistics();
    void* const block = pool_allocate(bytes);
    std::memset(block, 1, bytes);
    const std::size_t wide = pool_statistics().bytes_in_use - before.bytes_in_use;
    CHECK(is_aligned(block));
    CHECK(wide >= bytes);
    CHECK(wide <= std::max<std::size_t>(64, bytes + bytes / 4));
    CHECK(pool_statistics().bytes_held >= pool_statistics().bytes_in_use);
    pool_release(block, bytes);
    CHECK(pool_statistics().bytes_in_use == before.bytes_in_use);
  }
}

TEST_CASE("Many blocks of one size all come back and serve again") {
  std::vector<void*> blocks(1000);
  for (void*& block : blocks) block = pool_allocate(777);
  std::vector<void*> distinct = blocks;
  std::sort(distinct.begin(), distinct.end());
  CHECK(std::adjacent_find(distinct.begin(), distinct.end()) == distinct.end());
  for (void* block : blocks) pool_release(block, 777);
  const std::size_t requests = pool_statistics().system_requests;
  for (void*& block : blocks) block = pool_allocate(777);
  CHECK(pool_statistics().system_requests == requests);
  for (void* block : blocks) pool_release(block, 777);
}

TEST_CASE("Reserved blocks are handed out together without asking the system, and reserving again asks for none") {
  constexpr std::size_t kBytes = 5'300'000;  // a size class of which no other test of this program leaves a block
  const PoolStatistics before = pool_statistics();
  pool_reserve(kBytes, 3);
  const PoolStatistics reserved = pool_statistics();
  CHECK(reserved.system_requests == before.system_requests + 3);
  CHECK(reserved.bytes_held >= before.bytes_held + 3 * kBytes);
  CHECK(reserved.bytes_in_use == before.bytes_in_use);
  pool_reserve(kBytes, 3);
  pool_reserve(kBytes, 0);
  std::vector<void*> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(pool_allocate(kBytes));
  CHECK(pool_statistics().system_requests == reserved.system_requests);
  for (void* block : blocks) pool_release(block, kBytes);
  CHECK_THROWS_AS(pool_reserve(std::numeric_limits<std::size_t>::max(), 1), std::bad_alloc);
}

TEST_CASE("A request beyond reason throws bad_alloc") {
  CHECK_THROWS_AS(pool_allocate(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  CHECK_THROWS_AS(pool_allocate((std::size_t{1} << 40) + 1), std::bad_alloc);
  CHECK_THROWS_AS(FlatMemory(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  CHECK_THROWS_AS(PoolAllocator<float>().allocate(std::numeric_limits<std::size_t>::max() / 4), std::bad_alloc);
}

TEST_CASE("Releasing nothing does nothing") {
  const std::size_t in_use = pool_statistics().bytes_in_use;
  pool_release(nullptr, 64);
  CHECK(pool_statistics().bytes_in_use == in_use);
}

TEST_CASE("Arrays placed in flat memory lie side by side in it") {
  const FlatMemory memory(10 * sizeof(float));
  CHECK(std::all_of(memory.data(), memory.data() + memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
  const Array a = memory.place(0, 4 * sizeof(float), [] { return full({2, 2}, 1.0f); });
  const Array b = memory.place(4 * sizeof(float), 6 * sizeof(float), [] { return full({6}, 2.0f); });
  CHECK(reinterpret_cast<const std::byte*>(a.data()) == memory.data());
  CHECK(b.data() == a.data() + 4);
  std::vector<float> all(10);
  std::memcpy(all.data(), memory.data(), memory.bytes());
  CHECK(all == std::vector<float>{1, 1, 1, 1, 2, 2, 2, 2, 2, 2});
}

TEST_CASE("A placed array outlives the flat memory object") {
  std::optional<FlatMemory> memory(std::in_place, 400);
  Array a = memory->place(0, 400, [] { return full({100}, 3.0f); });
  memory.reset();
  CHECK(holds(a, 3.0f));
  a = zeros({2});
}

TEST_CASE("Arrays in the pool and in flat memory may be copied, moved and swapped") {
  const std::size_t in_use = pool_statistics().bytes_in_use;
  {
    const FlatMemory memory(400);
    Array flat_array = memory.place(0, 400, [] { return full({100}, 1.0f); });
    Array pooled = full({50}, 2.0f);
    std::swap(flat_array, pooled);
    CHECK(holds(flat_array, 2.0f));
    CHECK(holds(pooled, 1.0f));
    CHECK(reinterpret_cast<const std::byte*>(pooled.data()) == memory.data());
    Array moved = std::move(pooled);
    CHECK(reinterpret_cast<const std::byte*>(moved.data()) == memory.data());
    const Array copy = moved;
    CHECK(reinterpret_cast<const std::byte*>(copy.data()) != memory.data());
    moved = full({3}, 4.0f);
    CHECK(holds(copy, 1.0f));
    CHECK(holds(moved, 4.0f));
  }
  CHECK(pool_statistics().bytes_in_use == in_use);
}

TEST_CASE("A placement that cannot be, or does not happen, is an error and leaves no trace") {
  const FlatMemory memory(64);
  CHECK_THROWS_AS(memory.place(0, 65, [] { return zeros({1}); }), ShapeError);
  CHECK_THROWS_AS(memory.place(60, 8, [] { return zeros({2}); }), ShapeError);
  CHECK_THROWS_AS(memory.place(0, 0, [] { return zeros({0}); }), ShapeError);
  CHECK_THROWS_AS(memory.place(std::numeric_limits<std::size_t>::max(), 8, [] { return zeros({2}); }), ShapeError);
  CHECK_THROWS_AS(memory.place(0, 32, [] { return zeros({3}); }), StateError);
  CHECK_THROWS_AS(memory.place(0, 32, []() -> int { throw std::domain_error("none"); }), std::domain_error);
  CHECK_THROWS_AS(memory.place(0, 32, [&] { return memory.place(32, 32, [] { return zeros({8}); }); }), StateError);
  const Array a = zeros({8});
  const auto* const address = reinterpret_cast<const std::byte*>(a.data());
  CHECK((address < memory.data() || address >= memory.data() + 64));
}

TEST_CASE("Threads may allocate, fill and release at the same time") {
  const std::size_t in_use = pool_statistics().bytes_in_use;
  std::vector<int> damaged(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < damaged.size(); ++t) {
      threads.emplace_back([t, &damaged] {
        Random random({.seed = 1, .stream = stream_id("pool test"), .step = t});
        std::vector<std::pair<Array, float>> live;
        for (int i = 0; i < 2000; ++i) {
          const auto mark = static_cast<float>(random.word() % 1000);
          if (live.size() < 20) {
            live.emplace_back(full({static_cast<std::size_t>(random.uniform_below(300))}, mark), mark);
          } else {
            auto& [array, value] = live[static_cast<std::size_t>(random.uniform_below(live.size()))];
            if (!holds(array, value)) ++damaged[t];
            std::swap(array, live.back().first);
            std::swap(value, live.back().second);
            live.pop_back();
          }
        }
      });
    }
  }
  CHECK(damaged == std::vector<int>(4, 0));
  CHECK(pool_statistics().bytes_in_use == in_use);
}

}  // namespace headlight
