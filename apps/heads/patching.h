#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/heads/captured_run.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

/// Which heads carry what makes the difference between two inputs.
namespace headlight {

/// The rows at which a model answers an example: all of a decoder behind a source, the last of a decoder that goes on
/// behind its input, the one of a model that answers once, else those that the task asks.
std::vector<std::size_t> asked_rows(const Model& model, const Task& task, const Example& example);

/// An attention layer whose heads were patched one by one. P are the positions of its queries.
struct PatchedLayer {
  std::string path{};
  std::string block{};
  std::size_t layer = 0;  ///< within the block
  std::size_t heads = 0;
  std::size_t positions = 0;
  std::vector<double> restored{};  ///< (H, P): the head at one position
  std::vector<double> whole{};     ///< (H): at all positions at once
};

struct PatchedRun {
  std::size_t row = 0;  ///< at which the answers are compared
  std::int32_t clean_answer = 0;
  std::int32_t corrupt_answer = 0;
  double clean_difference = 0;         ///< logit of the clean answer minus that of the corrupt one, on the clean input
  double corrupt_difference = 0;       ///< the same on the corrupt input
  std::vector<PatchedLayer> layers{};  ///< by blocks as they first run
};

/// Activation patching: runs the corrupt input with the result z of one head at one position replaced by that of the clean
/// run, for every head of every MultiHeadAttention layer and every position, and tells how much of the answer's logit
/// difference d comes back:
///   restored = (d_patched - d_corrupt) / (d_clean - d_corrupt),   0: as corrupt, 1: as clean.
/// The answers are the most likely classes of both inputs at `row`; without one at the first asked row at which they differ.
/// `clean` and `corrupt` have what the model reads, of an encoder-decoder `begun` and `target` too, and the same lengths.
/// Throws ConfigError when lengths differ, a row is not there or not asked, the model answers with numbers, or it answers both alike.
/// Sources: Meng et al. 2022, arXiv:2202.05262; Wang et al. 2022, arXiv:2211.00593 (heads, logit
/// difference).
PatchedRun patch_heads(Model& model, const Task& task, const Example& clean, const Example& corrupt,
                       std::optional<std::size_t> row = {});

}  // namespace headlight
