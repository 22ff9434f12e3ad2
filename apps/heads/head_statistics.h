#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/config.h"
#include "apps/heads/ablation.h"
#include "apps/heads/captured_run.h"
#include "apps/inspect/head_roles.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight {

struct HeadStatisticsOptions {
  std::uint64_t examples = 256;  ///< the first held-out ones; all where there are fewer
  std::vector<Ablation> ablations{Ablation::mean};
  config::LossType loss = config::LossType::kCrossEntropy;  ///< of the task
};

/// Figures of every head, as a table.
struct HeadStatistics {
  std::uint64_t sequences = 0;         ///< that were evaluated
  std::vector<HeadPlace> heads{};      ///< by blocks as they first run, layers, heads
  std::vector<std::string> columns{};  ///< named as apps/viewer/FORMAT.md says, "Head statistics"
  /// (heads, columns) row-major; nothing where a figure does not apply, as a role without tokens, a mean over no row, or the
  /// error of a single batch.
  std::vector<std::optional<double>> figures{};
  std::string unknown_masks{};  ///< see unknown_masks(); "" where all masks are known

  /// A figure by its name; nothing too where there is no such column.
  std::optional<double> figure(std::size_t head, const std::string& column) const;
};

/// Measures what the heads of a model do on held-out examples: their roles, the patterns of the task, entropies and the
/// effect of ablations. Takes batches of even sizes, at least eight where there are as many examples, so that there is an
/// error over batches. Neither weights nor randomness are touched: a run goes on as if nobody had looked. The same bits for
/// every number of threads.
/// Cost: two runs of the model without history over the examples, and a part of one for each head and ablation.
HeadStatistics measure_heads(Model& model, const Task& task, const HeadStatisticsOptions& options = {});

/// How a role or a pattern of the task is called where both stand side by side: the name behind "role." or "pattern.",
/// and with "task_" before it that of a pattern which has the name of a role. `prefix`: "pattern.previous".
std::string shown_name(const HeadStatistics& statistics, const std::string& prefix);

/// How the head is called by its figures; see role_tag(). Its names are those of shown_name().
std::string tag_of(const HeadStatistics& statistics, std::size_t head, const RoleThresholds& thresholds = {});

/// One object for each head, as a line of head_stats.jsonl holds it: step, block, layer, head, sequences, then the figures.
/// One that does not apply is left out, one that is not finite is null.
std::vector<nlohmann::ordered_json> to_json(const HeadStatistics& statistics, std::uint64_t step);

}  // namespace headlight
