#include "tests/apps/headlight/cli_testing.h"

#include <filesystem>
#include <iterator>
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace headlight::testing {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<nlohmann::json> timeless_rows(const std::string& run) {
  std::vector<nlohmann::json> rows;
  for (const std::string& line : lines_of(slurp(run + "/metrics.jsonl"))) {
    nlohmann::json row = nlohmann::json::parse(line);
    if (row.contains("event")) continue;
    row.erase("time");
    row.erase("tok_s");
    rows.push_back(row);
  }
  return rows;
}

void check_same_recording(const std::string& run, const std::string& uncut) {
  for (const char* file : {"/probes.json", "/head_stats.jsonl"}) {
    INFO(file);
    CHECK(slurp(run + file) == slurp(uncut + file));
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(uncut + "/attention")) {
    names.push_back(entry.path().filename().string());
    INFO(names.back());
    CHECK(slurp(run + "/attention/" + names.back()) == slurp(entry.path()));
  }
  CHECK_FALSE(names.empty());
  const std::filesystem::directory_iterator own(run + "/attention");
  CHECK(std::distance(begin(own), end(own)) == static_cast<std::ptrdiff_t>(names.size()));
}

void check_same_end(const std::string& run, const std::string& uncut, const std::string& step) {
  for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json", "DONE"}) {
    INFO(file);
    const std::string name = "/checkpoints/step-" + step + "/" + file;
    CHECK(slurp(run + name) == slurp(uncut + name));
  }
  CHECK(timeless_rows(run) == timeless_rows(uncut));
  check_same_recording(run, uncut);
}

}  // namespace headlight::testing
