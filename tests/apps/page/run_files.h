#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace headlight::testing {

/// Writes the files that recording leaves in a run directory, with the names and layouts that it promises.
class RunFiles {
 public:
  /// `arch`: the model of a copying run with two layers and two heads; writes config.json, overrides.json and run.json.
  RunFiles(std::filesystem::path run, const std::string& arch);

  /// A run that is there already.
  static RunFiles in(const std::filesystem::path& run);

  const std::filesystem::path& path() const { return run_; }

  /// probes.json from the text of its list.
  void probes(const std::string& list) const;

  /// attention/step-<8 digits>.safetensors. A layer is (probe, head, query, key) with value(i) at flat index i.
  struct Layer {
    std::string name{};  ///< "dec.self.layer0"
    std::vector<std::uint64_t> shape{};
    std::string mask = "full";
    std::string window{};
    std::vector<float> weights{};
    std::vector<float> scores{};  ///< empty: none
  };
  struct Predictions {
    std::string rows{};
    std::uint64_t count = 0;  ///< rows in the file
    std::uint64_t top = 0;
    std::vector<std::int32_t> ids{};
    std::vector<float> prob{};
    std::vector<float> target_prob{};
  };
  void snapshot(std::uint64_t step, const std::vector<Layer>& layers, const Predictions* predictions = nullptr) const;

  /// Appends to a log of the run; the text is taken as it is.
  void append(const std::string& file, const std::string& text) const;

 private:
  explicit RunFiles(std::filesystem::path run) : run_(std::move(run)) {}

  std::filesystem::path run_;
};

/// The list of probes.json for an encoder-decoder: sources of 3 and 2 tokens, of which 2 and 3 are read and answered.
extern const char* const kTwoProbes;

/// One layer of each block on these probes, padded to 3 queries and 3 keys, with ramps for weights.
std::vector<RunFiles::Layer> one_layer_each();

/// The two most probable of five classes at each of their target positions.
RunFiles::Predictions two_predictions();

/// 0/n, 1/n ... (n-1)/n.
std::vector<float> ramp(std::size_t count);

}  // namespace headlight::testing
