#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/tasks/task.h"

namespace headlight {

/// An input on which a run is watched.
struct Probe {
  std::string label{};                   ///< "eval 17", or "given 0"
  std::optional<std::uint64_t> index{};  ///< of the held-out example that it is
  std::string text{};                    ///< as it was given, where it was
  Example example{};
};

/// The probes of a config: `probes.random` different examples of those that are held out, chosen by `probes.seed`, or all
/// where there are no more; then `probes.inputs`, completed by the task.
/// Throws LayerError, with the key, on an input that TokenWords refuses or that is too long for the model.
std::vector<Probe> choose_probes(const config::Config& config, const Task& task);

/// Writes `probes.json`. Throws FileError.
///
///     {"format": 1, "probes": [{"label": "eval 17", "index": 17, "input": [ids], "begun": [ids], "target": [ids]},
///                              {"label": "given 0", "text": "3 1 2", ...}]}
///
/// `begun` is what the decoder of an encoder-decoder reads; a negative target is none. Inputs that are vectors stand in
/// `vectors`, one list for each position, and numbers to predict in `values`, one list for each target.
void write_probes(const std::filesystem::path& run, const std::vector<Probe>& probes, const Task& task);

}  // namespace headlight
