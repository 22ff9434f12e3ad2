// ./run bench: the time of a training step against the floor that the machine's matrix product sets, and against
// PyTorch where it is installed. Everything is measured in turns in one run: compare ratios, not milliseconds.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/bench/cases.h"
#include "apps/bench/peer.h"
#include "apps/bench/training_step.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/parallel.h"

namespace headlight::bench {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The machine's matrix product rate in floating-point operations per millisecond: a 2048^3 product on all threads.
class Floor {
 public:
  void measure() {
    const auto start = std::chrono::steady_clock::now();
    parallel_gemm(1, as_matrix(a_), as_matrix(b_), 0, as_matrix(c_));
    best_ = std::min(best_, milliseconds_since(start));
  }
  double rate() const { return 2 * std::pow(static_cast<double>(kSize), 3) / best_; }

 private:
  static constexpr std::size_t kSize = 2048;
  const Array a_ = full({kSize, kSize}, Real{0.5});
  const Array b_ = full({kSize, kSize}, Real{0.25});
  Array c_ = zeros({kSize, kSize});
  double best_ = 1e9;
};

struct Result {
  std::string_view name;
  double headlight_ms;
  double flops;
  std::optional<double> pytorch_ms;
};

Result measure(const Case& which, double seconds, Floor& floor, std::optional<Peer>& peer) {
  TrainingStep step(which);
  for (int i = 0; i < 3; ++i) step.run();
  std::vector<double> ours;
  std::vector<double> theirs;
  const std::string name(which.name);
  measure_or_drop(peer, name, 1);
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    floor.measure();
    const auto start = std::chrono::steady_clock::now();
    std::size_t steps = 0;
    while (milliseconds_since(start) < 1000 * seconds / kRounds || steps < 3) {
      const auto begin = std::chrono::steady_clock::now();
      step.run();
      ours.push_back(milliseconds_since(begin));
      ++steps;
    }
    const std::optional<double> their_time = measure_or_drop(peer, name, std::max<std::size_t>(3, steps / 2));
    if (their_time) theirs.push_back(*their_time);
  }
  // Of a case that PyTorch did not finish there is no ratio.
  return {which.name, median(ours), which.flops(),
          theirs.size() < kRounds ? std::nullopt : std::optional<double>(median(theirs))};
}

nlohmann::ordered_json to_json(const std::vector<Result>& results, const Floor& floor) {
  nlohmann::ordered_json cases = nlohmann::ordered_json::array();
  for (const Result& result : results) {
    const double floor_ms = result.flops / floor.rate();
    nlohmann::ordered_json row{{"name", result.name},   {"headlight_ms", result.headlight_ms},
                               {"floor_ms", floor_ms},  {"efficiency", floor_ms / result.headlight_ms},
                               {"pytorch_ms", nullptr}, {"ratio", nullptr}};
    if (result.pytorch_ms.has_value()) {
      row["pytorch_ms"] = *result.pytorch_ms;
      row["ratio"] = *result.pytorch_ms / result.headlight_ms;
    }
    cases.push_back(std::move(row));
  }
  return {{"cases", cases}};
}

void print_table(const nlohmann::ordered_json& report, const Floor& floor) {
  fmt::print("{} threads, matrix product {:.0f} GFLOP/s\n\n", thread_count(), floor.rate() / 1e6);
  fmt::print("{:<10}{:>12}{:>10}{:>12}{:>12}{:>8}\n", "case", "headlight", "floor", "efficiency", "pytorch", "ratio");
  for (const auto& row : report["cases"]) {
    fmt::print("{:<10}{:>9.2f} ms{:>7.2f} ms{:>10.0f} %", row["name"].get<std::string>(),
               row["headlight_ms"].get<double>(), row["floor_ms"].get<double>(), 100 * row["efficiency"].get<double>());
    if (row["ratio"].is_null()) {
      fmt::print("{:>12}{:>8}\n", "-", "-");
    } else {
      fmt::print("{:>9.2f} ms{:>7.2f}x\n", row["pytorch_ms"].get<double>(), row["ratio"].get<double>());
    }
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Times training steps of Headlight, and of PyTorch where it is installed."};
  bool json = false;
  bool alone = false;
  double seconds = 3;
  std::vector<std::string> names;
  app.add_flag("--json", json, "print one JSON object and nothing else");
  app.add_flag("--alone", alone, "do not look for PyTorch");
  app.add_option("--seconds", seconds, "time per case for Headlight's steps")->check(CLI::Range(0.1, 600.0));
  app.add_option("cases", names, "the cases to run; all by default");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const std::string& name : names) {
    if (std::none_of(kCases.begin(), kCases.end(), [&](const Case& c) { return c.name == name; })) {
      fmt::print(stderr, "bench: there is no case `{}`; the cases are reverse, small, nano, medium, large\n", name);
      return 2;
    }
  }
  const auto command = alone ? std::nullopt : pytorch_command(HEADLIGHT_PEER_SCRIPT, thread_count());
  std::optional<Peer> peer = command ? Peer::start(*command) : std::nullopt;
  if (!alone && !command) fmt::print(stderr, "bench: PyTorch is not installed (Debian: python3-torch)\n");
  if (command && !peer) fmt::print(stderr, "bench: PyTorch cannot be started\n");
  Floor floor;
  std::vector<Result> results;
  for (const Case& which : kCases) {
    if (!names.empty() && std::find(names.begin(), names.end(), which.name) == names.end()) continue;
    results.push_back(measure(which, seconds, floor, peer));
  }
  const nlohmann::ordered_json report = to_json(results, floor);
  if (json) {
    fmt::print("{}\n", report.dump(2));
  } else {
    print_table(report, floor);
  }
  return 0;
}

}  // namespace
}  // namespace headlight::bench

int main(int argc, char** argv) {
  try {
    return headlight::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
