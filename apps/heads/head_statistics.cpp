#include "apps/heads/head_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/tasks/batches.h"
#include "apps/training/attention_layers.h"
#include "layers/multi_head_attention.h"

namespace headlight {
namespace {

constexpr std::uint64_t kBatches = 8;                              // at least, for the error over them
constexpr std::uint64_t kWeightsAtOnce = std::uint64_t{1} << 22U;  // of all heads: 16 MB

/// How many batches the examples are shared among.
std::uint64_t batch_count(const Model& model, const Task& task, std::uint64_t examples) {
  const TaskShape shape = task.shape();
  const std::uint64_t positions = std::max<std::uint64_t>({shape.length, shape.target_length, 1});
  std::uint64_t heads = 0;
  for (const MultiHeadAttention* layer : attention_layers(model)) heads += layer->heads();
  const std::uint64_t at_once =
      std::max<std::uint64_t>(kWeightsAtOnce / (std::max<std::uint64_t>(heads, 1) * positions * positions), 1);
  return std::min(examples, std::max(kBatches, (examples + at_once - 1) / at_once));
}

/// Calls body(batch) for the examples in batches whose sizes differ by one at most.
template <class Body>
void for_each_batch(const Task& task, std::uint64_t examples, std::uint64_t batches, Batch& batch, Body body) {
  for (std::uint64_t i = 0; i < batches; ++i) {
    const std::uint64_t first = examples * i / batches;
    const std::uint64_t end = examples * (i + 1) / batches;
    fill_batch(task, Split::eval, first, static_cast<std::size_t>(end - first), batch);
    body();
  }
}

/// A table under construction: columns are named by the first head, and the same for all.
class Table {
 public:
  explicit Table(HeadStatistics& statistics) : statistics_(statistics) {}

  void begin_row() { first_ = statistics_.figures.empty(); }

  void add(const std::string& column, std::optional<double> figure) {
    if (first_) statistics_.columns.push_back(column);
    statistics_.figures.push_back(figure);
  }

  void add_target(const std::string& prefix, const std::optional<TargetScore>& score) {
    const bool rows = score && score->rows > 0;
    add(prefix + ".score", rows ? std::optional(score->mass()) : std::nullopt);
    add(prefix + ".n", score ? std::optional(static_cast<double>(score->rows)) : std::nullopt);
    add(prefix + ".chance", rows ? std::optional(score->chance()) : std::nullopt);
  }

  /// A mean over rows, of which there may be none.
  void add_mean(const std::string& column, double mean, std::size_t rows) {
    add(column, rows > 0 ? std::optional(mean) : std::nullopt);
  }

  void add_effect(const std::string& column, const std::optional<Effect>& effect) {
    add(column, effect ? std::optional(effect->change) : std::nullopt);
    add(column + ".se", effect ? effect->error : std::nullopt);
  }

 private:
  HeadStatistics& statistics_;
  bool first_ = false;
};

void add_roles(const HeadRoles& roles, const std::vector<AttentionPattern>& patterns, Table& table) {
  for (std::size_t i = 0; i < kRoles; ++i) {
    table.add_target(fmt::format("role.{}", name_of(static_cast<Role>(i))), roles.roles[i]);
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    table.add_target("pattern." + patterns[i].name, roles.patterns.at(i));
  }
  table.add_mean("entropy.bits", roles.bits(), roles.choosing_rows);
  table.add_mean("entropy.share", roles.share(), roles.choosing_rows);
  table.add("entropy.n", static_cast<double>(roles.choosing_rows));
  table.add_mean("confidence.mean", roles.confidence(), roles.rows);
  table.add("confidence.n", static_cast<double>(roles.rows));
  for (std::ptrdiff_t offset = -kFarthestOffset; offset <= kFarthestOffset; ++offset) {
    table.add_mean(fmt::format("offset.{}", offset), roles.offset(offset), roles.rows);
  }
}

/// The effects of one head; a layer of the user's own has none.
void add_effects(const HeadPlace& place, const std::vector<Ablation>& ablations, const std::vector<HeadEffect>& effects,
                 Table& table) {
  for (const Ablation ablation : ablations) {
    const auto found = std::find_if(effects.begin(), effects.end(), [&](const HeadEffect& effect) {
      return effect.path == place.path && effect.head == place.head && effect.ablation == ablation;
    });
    const bool known = found != effects.end();
    const std::string prefix = fmt::format("ablation.{}.", name_of(ablation));
    table.add_effect(prefix + "loss", known ? std::optional(found->loss) : std::nullopt);
    table.add_effect(prefix + "tok_acc", known ? found->tok_acc : std::nullopt);
    table.add_effect(prefix + "seq_acc", known ? found->seq_acc : std::nullopt);
    table.add(prefix + "n", known ? std::optional(static_cast<double>(found->batches)) : std::nullopt);
  }
}

}  // namespace

std::optional<double> HeadStatistics::figure(std::size_t head, const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) return std::nullopt;
  return figures.at(head * columns.size() + static_cast<std::size_t>(found - columns.begin()));
}

HeadStatistics measure_heads(Model& model, const Task& task, const HeadStatisticsOptions& options) {
  HeadStatistics statistics{.sequences =
                                std::min(options.examples, task.examples(Split::eval).value_or(options.examples))};
  const std::uint64_t batches = batch_count(model, task, statistics.sequences);
  const std::vector<AttentionPattern> patterns = task.patterns();
  Batch batch;
  const std::vector<PatternRule> rules = pattern_rules(task, batch);
  const LayerAxes axes_of(model, task);
  HeadMeans means(model);
  std::vector<LayerPlace> places;
  std::vector<std::vector<HeadRoles>> roles;  // of each place
  for_each_batch(task, statistics.sequences, batches, batch, [&] {
    const std::vector<AttentionWeights> layers = capture_run(model, batch, &means.hooks_for(batch)).layers;
    const bool first = places.empty();
    if (first) {
      places = layer_places(model, layers);
      statistics.unknown_masks = unknown_masks(model, layers);
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      const AttentionWeights& layer = layers.at(places[i].index);
      std::vector<HeadRoles> scores = score_roles(layer, axes_of(batch, layer), places[i].block, rules);
      if (first) {
        for (std::size_t head = 0; head < layer.heads; ++head) {
          statistics.heads.push_back(
              {.path = layer.path, .block = places[i].block, .layer = places[i].layer, .head = head});
        }
        roles.push_back(std::move(scores));
      } else {
        merge(roles[i], scores);
      }
    }
  });
  AblationStudy ablation(model, options.ablations, options.loss, &means);
  if (!options.ablations.empty()) {
    for_each_batch(task, statistics.sequences, batches, batch, [&] { ablation.add(batch); });
  }
  const std::vector<HeadEffect> effects = ablation.effects();
  Table table(statistics);
  std::size_t place = 0;
  for (const std::vector<HeadRoles>& layer : roles) {
    for (const HeadRoles& head : layer) {
      table.begin_row();
      add_roles(head, patterns, table);
      add_effects(statistics.heads[place++], options.ablations, effects, table);
    }
  }
  return statistics;
}

std::string shown_name(const HeadStatistics& statistics, const std::string& prefix) {
  const std::string name = prefix.substr(prefix.find('.') + 1);
  const std::vector<std::string>& columns = statistics.columns;
  const bool shared = prefix.starts_with("pattern.") &&
                      std::find(columns.begin(), columns.end(), "role." + name + ".score") != columns.end();
  return shared ? "task_" + name : name;
}

std::string tag_of(const HeadStatistics& statistics, std::size_t head, const RoleThresholds& thresholds) {
  std::vector<RoleCandidate> candidates;
  std::deque<std::string> names;  // which the candidates refer to
  constexpr std::string_view kScore = ".score";
  for (const std::string& column : statistics.columns) {
    const bool score = column.ends_with(kScore) && (column.starts_with("role.") || column.starts_with("pattern."));
    if (!score) continue;
    const std::string prefix = column.substr(0, column.size() - kScore.size());
    const std::optional<double> mass = statistics.figure(head, column);
    const std::optional<double> chance = statistics.figure(head, prefix + ".chance");
    if (!mass || !chance) continue;
    candidates.push_back(
        {.name = names.emplace_back(shown_name(statistics, prefix)), .score = *mass, .lift = *mass / *chance});
  }
  return role_tag(candidates, statistics.figure(head, "entropy.share").value_or(0), thresholds);
}

std::vector<nlohmann::ordered_json> to_json(const HeadStatistics& statistics, std::uint64_t step) {
  std::vector<nlohmann::ordered_json> rows;
  rows.reserve(statistics.heads.size());
  for (std::size_t head = 0; head < statistics.heads.size(); ++head) {
    const HeadPlace& place = statistics.heads[head];
    nlohmann::ordered_json row{{"step", step},
                               {"block", place.block},
                               {"layer", place.layer},
                               {"head", place.head},
                               {"sequences", statistics.sequences}};
    for (std::size_t i = 0; i < statistics.columns.size(); ++i) {
      const std::optional<double> figure = statistics.figures[head * statistics.columns.size() + i];
      if (!figure) continue;
      const bool count = statistics.columns[i].ends_with(".n");
      if (count) {
        row[statistics.columns[i]] = static_cast<std::uint64_t>(*figure);
      } else if (std::isfinite(*figure)) {
        row[statistics.columns[i]] = *figure;
      } else {
        row[statistics.columns[i]] = nullptr;
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace headlight
