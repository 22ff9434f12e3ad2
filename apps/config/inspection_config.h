#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace headlight::config {

// The values of `probes`, `snapshots` and `heads`, like all others in config.h.

enum class AttentionBlock { kEncoderSelf, kDecoderSelf, kDecoderCross };
enum class SnapshotSchedule { kLog, kLinear, kNone };
enum class SnapshotType { kFloat32, kFloat16 };
enum class HeadAblation { kMean, kZero, kUniform, kNone };

/// The inputs on which a run is watched, the same ones from its first step to its last.
struct ProbesConfig {
  std::uint64_t seed{};
  std::size_t random{};  ///< held-out examples
  std::vector<std::string> inputs;
  std::vector<AttentionBlock> record;
  bool scores{};  ///< the scores before the softmax too
};

/// When the attention on the probes is kept.
struct SnapshotsConfig {
  SnapshotSchedule schedule{};
  std::size_t per_octave{};  ///< meaningful with SnapshotSchedule::kLog
  std::size_t every{};       ///< meaningful with SnapshotSchedule::kLinear
  std::size_t max{};
  SnapshotType dtype{};
};

/// When heads are measured, on how many held-out examples, and what stands in for one that is taken out.
struct HeadsConfig {
  std::size_t every{};
  std::size_t examples{};
  HeadAblation ablation{};
};

}  // namespace headlight::config
