// The other process of ./run bench, played by a shell: what it answers, and what happens when it dies.
#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/bench/peer.h"
#include "core/error.h"

using namespace headlight;
using bench::Peer;

namespace {

std::optional<Peer> shell(const std::string& script) { return Peer::start({"/bin/sh", "-c", script}); }

}  // namespace

TEST_CASE("A peer is asked line by line, and its milliseconds are read") {
  std::optional<Peer> peer = shell(R"(while read name count; do echo "{\"name\": \"$name\", \"ms\": $count.5}"; done)");
  REQUIRE(peer.has_value());
  CHECK(peer->measure("small", 3) == 3.5);
  CHECK(bench::measure_or_drop(peer, "large", 20) == 20.5);
  CHECK(peer.has_value());
}

TEST_CASE("A peer that has ended is an error, not the end of the benchmark") {
  // One that answers once and goes: the next question meets a closed pipe, which would be a SIGPIPE.
  std::optional<Peer> peer = shell(R"(read line; exec <&-; echo '{"ms": 1}'; sleep 0.2)");
  REQUIRE(peer.has_value());
  CHECK(bench::measure_or_drop(peer, "small", 1) == 1.0);
  CHECK_THROWS_AS(peer->measure("small", 1), StateError);
  CHECK(bench::measure_or_drop(peer, "small", 1) == std::nullopt);
  CHECK_FALSE(peer.has_value());
  CHECK(bench::measure_or_drop(peer, "small", 1) == std::nullopt);
}

TEST_CASE("An answer without a time, and a program that is not there, are no measurements") {
  std::optional<Peer> peer = shell(R"(read line; echo '{"error": "no"}'; read line)");
  REQUIRE(peer.has_value());
  CHECK_THROWS_WITH(peer->measure("small", 1),
                    Catch::Contains("the PyTorch process gave no time; {\"error\": \"no\"}"));
  CHECK_FALSE(Peer::start({"/nonexistent/python3"}).has_value());
}

TEST_CASE("PyTorch gets the number of threads that it is to use") {
  const std::optional<std::vector<std::string>> command = bench::pytorch_command("step.py", 7);
  if (!command) return;  // it is not installed
  CHECK(std::vector<std::string>(command->begin() + 1, command->end()) ==
        std::vector<std::string>{"step.py", "--serve", "--threads", "7"});
}
