#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/page/view_run.h"

/// Runs of known content: every weight is a function of its place, so that a test can say what a byte or a pixel has to be.
namespace headlight::testing {

/// A number in [0, 1) that looks random but is a function of its arguments.
double noise(std::initializer_list<std::uint32_t> places);

/// Where a weight stands. `snapshot` counts snapshots, not steps.
struct WeightPlace {
  std::size_t probe = 0;
  std::size_t snapshot = 0;
  std::size_t layer = 0;
  std::size_t head = 0;
  std::size_t query = 0;
  std::size_t key = 0;
};
using WeightRule = std::function<float(const WeightPlace&)>;

/// One layer of a fixture.
struct LayerPlan {
  std::string kind{};
  std::size_t heads = 0;
  bool causal = false;
  std::size_t window = 0;
  WeightRule weight{};
  WeightRule score{};  ///< empty: none are kept
};

/// A run whose probes are given, with snapshots of its layers at the steps.
void add_attention(ViewRun& run, const std::vector<LayerPlan>& layers, const std::vector<std::uint64_t>& steps,
                   const std::vector<std::uint64_t>& exact = {});

/// Tokens that break pages which trust them.
const std::vector<std::string>& odd_tokens();

/// The runs of the fixture with this name, as tests/browser expects it: reverse, decoder, odd, nan, tiny, empty, mismatch,
/// many, huge. `notes`: of the page. Throws ConfigError on another name.
std::vector<ViewRun> fixture_runs(const std::string& name, std::vector<std::string>& notes);

}  // namespace headlight::testing
