#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/parallel.h"
#include "tests/core/run/threads.h"

namespace headlight {
namespace {

using test::Threads;

std::size_t message_number(std::size_t chunks, std::size_t modulus, std::size_t rest) {
  std::atomic<std::size_t> done{0};
  try {
    parallel_for(chunks, [&](std::size_t chunk) {
      ++done;
      if (chunk % modulus == rest) throw std::runtime_error(std::to_string(chunk));
    });
  } catch (const std::runtime_error& error) {
    CHECK(done == chunks);
    return std::stoul(error.what());
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace

TEST_CASE("Every chunk runs exactly once, for any number of threads") {
  for (std::size_t threads = 1; threads <= 5; ++threads) {
    const Threads scope(threads);
    CHECK(thread_count() == threads);
    for (const std::size_t chunks : {0u, 1u, 2u, 3u, 7u, 64u, 1000u}) {
      for (int repeat = 0; repeat < 20; ++repeat) {
        std::vector<std::atomic<int>> visits(chunks);
        parallel_for(chunks, [&](std::size_t chunk) { ++visits[chunk]; });
        for (const auto& count : visits) REQUIRE(count == 1);
      }
    }
  }
}

TEST_CASE("What chunks wrote is visible to the caller, and what the caller wrote to the chunks") {
  const Threads scope(3);
  std::vector<std::size_t> values(64, 0);  // plain memory: a missing happens-before is a race for the sanitizer
  for (std::size_t round = 1; round <= 2000; ++round) {
    parallel_for(values.size(), [&](std::size_t chunk) { values[chunk] += chunk; });
    for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(values[i] == round * i);
  }
}

TEST_CASE("Two threads do take part when the work needs both") {
  const Threads scope(2);
  std::atomic<int> arrived{0};
  parallel_for(2, [&](std::size_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  CHECK(arrived == 2);
}

TEST_CASE("Ranges cover the size in multiples of the grain, whatever the number of threads") {
  using Range = std::pair<std::size_t, std::size_t>;
  for (std::size_t threads = 1; threads <= 3; ++threads) {
    const Threads scope(threads);
    std::vector<Range> ranges(3);
    parallel_ranges(10, 4, [&](std::size_t begin, std::size_t end) { ranges[begin / 4] = {begin, end}; });
    CHECK(ranges == std::vector<Range>{{0, 4}, {4, 8}, {8, 10}});
    ranges.assign(1, {});
    parallel_ranges(5, std::numeric_limits<std::size_t>::max(), [&](std::size_t begin, std::size_t end) {
      ranges[0] = {begin, end};
    });
    CHECK(ranges[0] == Range{0, 5});
    parallel_ranges(0, 4, [&](std::size_t, std::size_t) { FAIL("an empty range has no chunk"); });
  }
  CHECK_THROWS_AS(parallel_ranges(5, 0, [](std::size_t, std::size_t) {}), ShapeError);
}

TEST_CASE("The exception of the lowest chunk is thrown after all chunks have run") {
  for (std::size_t threads = 1; threads <= 4; ++threads) {
    const Threads scope(threads);
    for (int repeat = 0; repeat < 20; ++repeat) {
      CHECK(message_number(50, 7, 3) == 3);
      CHECK(message_number(50, 50, 49) == 49);
      CHECK(message_number(50, 1, 0) == 0);
      CHECK(message_number(1, 1, 0) == 0);
    }
    std::atomic<int> visits{0};  // the pool works on after an exception
    parallel_for(10, [&](std::size_t) { ++visits; });
    CHECK(visits == 10);
  }
}

TEST_CASE("A loop inside a loop runs, and passes its exception on") {
  const Threads scope(3);
  std::vector<std::atomic<int>> visits(8 * 8);
  parallel_for(8, [&](std::size_t outer) { parallel_for(8, [&](std::size_t inner) { ++visits[8 * outer + inner]; }); });
  for (const auto& count : visits) CHECK(count == 1);
  CHECK_THROWS_WITH(parallel_for(4,
                                 [](std::size_t outer) {
                                   parallel_for(4, [&](std::size_t inner) {
                                     if (inner == 2) throw std::runtime_error(std::to_string(outer) + " 2");
                                   });
                                 }),
                    "0 2");
}

TEST_CASE("The body may be a temporary, a constant or have a state") {
  const Threads scope(2);
  std::atomic<int> sum{0};
  const auto constant = [&](std::size_t chunk) { sum += static_cast<int>(chunk); };
  parallel_for(5, constant);
  struct Adder {
    std::atomic<int>& sum;
    void operator()(std::size_t chunk) { sum += static_cast<int>(chunk); }
  };
  parallel_for(5, Adder{sum});
  CHECK(sum == 20);
}

TEST_CASE("The number of threads may change again and again, busy or asleep") {
  const Threads scope(1);
  for (std::size_t round = 0; round < 30; ++round) {
    set_thread_count(round % 5 + 1);
    if (round % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // workers go to sleep
    std::atomic<std::size_t> visits{0};
    if (round % 3 != 0) parallel_for(9, [&](std::size_t) { ++visits; });
    CHECK(visits == (round % 3 != 0 ? 9 : 0));
  }
}

TEST_CASE("A number of threads that cannot be is refused, and none changes inside a loop") {
  const Threads scope(2);
  CHECK_THROWS_WITH(set_thread_count(0), "threads: the number of threads is out of range; 0; give 1 to 1024");
  CHECK_THROWS_AS(set_thread_count(kMaximumThreads + 1), ConfigError);
  CHECK_THROWS_AS(parallel_for(2, [](std::size_t) { set_thread_count(3); }), StateError);
  // Nor where a loop needs no pool: one chunk, one thread, or a loop inside another.
  CHECK_THROWS_AS(parallel_for(1, [](std::size_t) { set_thread_count(3); }), StateError);
  CHECK_THROWS_AS(parallel_for(1, [](std::size_t) { parallel_for(2, [](std::size_t) { set_thread_count(3); }); }),
                  StateError);
  CHECK(thread_count() == 2);
  {
    const Threads alone(1);
    CHECK_THROWS_AS(parallel_for(2, [](std::size_t) { set_thread_count(3); }), StateError);
    CHECK(thread_count() == 1);
  }
  CHECK(thread_count() == 2);  // set behind the loops, whose errors have left nothing behind
}

TEST_CASE("Loops from several threads of the program at once are all right") {
  const Threads scope(3);
  std::vector<int> wrong(3, 0);
  {
    std::vector<std::jthread> callers;
    for (std::size_t c = 0; c < wrong.size(); ++c) {
      callers.emplace_back([c, &wrong] {
        for (std::size_t round = 0; round < 500; ++round) {
          std::vector<std::size_t> squares(17);
          parallel_for(squares.size(), [&](std::size_t chunk) { squares[chunk] = chunk * chunk; });
          for (std::size_t i = 0; i < squares.size(); ++i) wrong[c] += squares[i] != i * i;
        }
      });
    }
  }
  CHECK(wrong == std::vector<int>(3, 0));
}

}  // namespace headlight
