#include "apps/headlight/inspect_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace headlight {
namespace {

constexpr std::string_view kScore = ".score";

std::string place_cells(const HeadPlace& place) {
  return fmt::format("{:<9}  {:>5}  {:>4}", place.block, place.layer, place.head);
}

std::string place_header() { return fmt::format("{:<9}  {:>5}  {:>4}", "block", "layer", "head"); }

std::string short_place(const HeadPlace& place) {
  return fmt::format("{} {}.{}", place.block, place.layer, place.head);
}

/// The prefixes "role.previous", ... of columns that apply to some head, in their order.
std::vector<std::string> named_targets(const HeadStatistics& statistics) {
  std::vector<std::string> prefixes;
  for (const std::string& column : statistics.columns) {
    if (!column.ends_with(kScore)) continue;
    bool applies = false;
    for (std::size_t head = 0; head < statistics.heads.size(); ++head) {
      applies = applies || statistics.figure(head, column).has_value();
    }
    if (applies) prefixes.push_back(column.substr(0, column.size() - kScore.size()));
  }
  return prefixes;
}

std::string number_cell(const std::optional<double>& figure, std::size_t width, int digits) {
  return figure ? fmt::format("{:>{}.{}f}", *figure, width, digits) : fmt::format("{:>{}}", "-", width);
}

/// "0.9821 x 7.4": score and lift.
std::string target_cell(const HeadStatistics& statistics, std::size_t head, const std::string& prefix) {
  const std::optional<double> score = statistics.figure(head, prefix + ".score");
  const std::optional<double> chance = statistics.figure(head, prefix + ".chance");
  return score && chance ? fmt::format("{:.3f} x{:.1f}", *score, *score / *chance) : "-";
}

/// How many rows the scores of a block are means over.
std::string rows_lines(const HeadStatistics& statistics, const std::vector<std::string>& prefixes) {
  std::string lines;
  std::string block;
  for (std::size_t head = 0; head < statistics.heads.size(); ++head) {
    if (statistics.heads[head].block == block) continue;
    block = statistics.heads[head].block;
    std::vector<std::string> counts;
    for (const std::string& prefix : prefixes) {
      const std::optional<double> rows = statistics.figure(head, prefix + ".n");
      if (rows) counts.push_back(fmt::format("{} {:.0f}", shown_name(statistics, prefix), *rows));
    }
    const std::optional<double> choosing = statistics.figure(head, "entropy.n");
    if (choosing) counts.push_back(fmt::format("entropy {:.0f}", *choosing));
    lines += fmt::format("rows of {}: {}\n", block, fmt::join(counts, ", "));
  }
  return lines;
}

std::string effect_cell(const HeadStatistics& statistics, std::size_t head, const std::string& column, double factor) {
  const std::optional<double> change = statistics.figure(head, column);
  if (!change) return "-";
  const std::optional<double> error = statistics.figure(head, column + ".se");
  return fmt::format("{:+.4f}{}", factor * *change, error ? fmt::format(" +- {:.4f}", factor * *error) : "");
}

std::string from_cell(const std::optional<FromEarlier>& from) {
  return from ? fmt::format("{:.3f} {}", from->value, short_place(from->earlier)) : "-";
}

}  // namespace

std::string class_text(const Task& task, std::int32_t id) {
  return task.shape().predict == Prediction::pointer ? std::to_string(id) : task.target_text(id);
}

std::string role_table(const HeadStatistics& statistics) {
  const std::vector<std::string> prefixes = named_targets(statistics);
  std::string table = fmt::format(
      "heads over {} held-out sequences: mean weight on the keys of each role, and how often the chance it is (lift)\n",
      statistics.sequences);
  const auto width_of = [&statistics](const std::string& prefix) {
    constexpr std::size_t kLeast = 13;  // "0.123 x1234.5"
    return std::max(std::size_t{kLeast}, shown_name(statistics, prefix).size());
  };
  table += place_header() + fmt::format("  {:<12}", "tag");
  for (const std::string& prefix : prefixes)
    table += fmt::format("  {:>{}}", shown_name(statistics, prefix), width_of(prefix));
  table += fmt::format("  {:>7}  {:>5}  {:>10}\n", "entropy", "share", "confidence");
  for (std::size_t head = 0; head < statistics.heads.size(); ++head) {
    const std::string tag = tag_of(statistics, head);
    // The dash of a head without a role is one character of three bytes.
    const bool none = tag == "—";
    table += place_cells(statistics.heads[head]) + fmt::format("  {:<12}", none ? "-" : tag);
    for (const std::string& prefix : prefixes) {
      table += fmt::format("  {:>{}}", target_cell(statistics, head, prefix), width_of(prefix));
    }
    table += fmt::format("  {}  {}  {}\n", number_cell(statistics.figure(head, "entropy.bits"), 7, 3),
                         number_cell(statistics.figure(head, "entropy.share"), 5, 2),
                         number_cell(statistics.figure(head, "confidence.mean"), 10, 3));
  }
  const RoleThresholds thresholds;
  table += rows_lines(statistics, prefixes);
  if (!statistics.unknown_masks.empty()) table += statistics.unknown_masks + "\n";
  table += fmt::format(
      "entropy in bits, its share of log2 of the keys a row sees; tag: the highest lift among scores >= {} with lift "
      ">= "
      "{}, else \"uniform\" for a share > {}\nweights are no explanations: --ablate tells what a head does\n",
      thresholds.score, thresholds.lift, thresholds.uniform);
  return table;
}

std::string ablation_table(const HeadStatistics& statistics, const std::vector<Ablation>& ablations) {
  std::string table;
  for (const Ablation ablation : ablations) {
    const std::string prefix = fmt::format("ablation.{}.", name_of(ablation));
    std::optional<double> batches;
    for (std::size_t head = 0; head < statistics.heads.size() && !batches; ++head) {
      batches = statistics.figure(head, prefix + "n");
    }
    table += fmt::format(
        "{}{} ablation: change without the head, +- its standard error over {:.0f} batches; {} held-out sequences in "
        "all\n",
        table.empty() ? "" : "\n", name_of(ablation), batches.value_or(0), statistics.sequences);
    bool numbers = true;  // a layer of the user's own has no effects
    for (std::size_t head = 0; head < statistics.heads.size(); ++head) {
      numbers = numbers && !statistics.figure(head, prefix + "tok_acc").has_value();
    }
    table += place_header() + fmt::format("  {:>20}", "loss");
    table += numbers ? "\n" : fmt::format("  {:>20}  {:>20}\n", "tok_acc %", "seq_acc %");
    for (std::size_t head = 0; head < statistics.heads.size(); ++head) {
      table += place_cells(statistics.heads[head]);
      table += fmt::format("  {:>20}", effect_cell(statistics, head, prefix + "loss", 1));
      for (const char* figure : {"tok_acc", "seq_acc"}) {
        if (!numbers) table += fmt::format("  {:>20}", effect_cell(statistics, head, prefix + figure, 100));
      }
      table += "\n";
    }
  }
  return table;
}

std::vector<AttentionMap> patching_maps(const PatchedRun& run, const std::vector<std::string>& source_labels,
                                        const std::vector<std::string>& target_labels) {
  std::vector<AttentionMap> maps;
  for (const PatchedLayer& layer : run.layers) {
    if (maps.empty() || maps.back().title != "Patching of " + layer.block) {
      AttentionMap& map = maps.emplace_back();
      map.title = "Patching of " + layer.block;
      map.subtitle = "share of the answer's logit difference that comes back: 0 as corrupt, 1 as clean";
      map.cols = layer.positions;
      map.col_labels =
          layer.positions == target_labels.size() && layer.block != "enc.self" ? target_labels : source_labels;
      if (map.col_labels.size() != map.cols) map.col_labels.clear();
      map.row_axis = "head (layer.head)";
      map.col_axis = "position that is patched";
    }
    AttentionMap& map = maps.back();
    for (std::size_t head = 0; head < layer.heads; ++head) {
      map.row_labels.push_back(fmt::format("{}.{}", layer.layer, head));
      for (std::size_t position = 0; position < layer.positions; ++position) {
        map.weights.push_back(static_cast<float>(layer.restored[head * layer.positions + position]));
      }
      ++map.rows;
    }
  }
  return maps;
}

std::string patching_table(const PatchedRun& run, const Task& task) {
  const std::string clean = class_text(task, run.clean_answer);
  const std::string corrupt = class_text(task, run.corrupt_answer);
  std::string table = fmt::format(
      "asked at row {}: the clean input is answered `{}`, the corrupt one `{}`\nlogit of `{}` minus that of `{}`: "
      "{:+.4f} "
      "clean, {:+.4f} corrupt\n",
      run.row, clean, corrupt, clean, corrupt, run.clean_difference, run.corrupt_difference);
  table += place_header() + fmt::format("  {:>13}  {:>13}  {:>8}\n", "all positions", "best position", "restored");
  for (const PatchedLayer& layer : run.layers) {
    for (std::size_t head = 0; head < layer.heads; ++head) {
      const auto first = layer.restored.begin() + static_cast<std::ptrdiff_t>(head * layer.positions);
      const auto best = std::max_element(first, first + static_cast<std::ptrdiff_t>(layer.positions));
      table += place_cells({.path = layer.path, .block = layer.block, .layer = layer.layer, .head = head});
      table += fmt::format("  {:>13.4f}  {:>13}  {:>8.4f}\n", layer.whole[head], best - first, *best);
    }
  }
  return table;
}

std::string attribution_table(const AnswerAttribution& attribution, const Task& task) {
  const std::string answer = class_text(task, attribution.answer);
  const std::string other = class_text(task, attribution.other);
  std::string table = fmt::format(
      "what each part adds at row {} to the logit of the answer `{}`, and to its lead over the next, `{}`\n",
      attribution.row, answer, other);
  std::size_t width = 4;
  double logit = 0, margin = 0;
  for (const AnswerAttribution::Part& part : attribution.parts) {
    width = std::max(width, part.name.size());
    logit += part.logit;
    margin += part.margin;
  }
  table += fmt::format("{:<{}}  {:>10}  {:>10}\n", "part", width, "logit", "lead");
  for (const AnswerAttribution::Part& part : attribution.parts) {
    table += fmt::format("{:<{}}  {:>+10.4f}  {:>+10.4f}\n", part.name, width, part.logit, part.margin);
  }
  table += fmt::format("{:<{}}  {:>+10.4f}  {:>+10.4f}\n", "sum", width, logit, margin);
  table +=
      fmt::format("{:<{}}  {:>+10.4f}  {:>+10.4f}\n", "the model's own", width, attribution.logit, attribution.margin);
  return table;
}

std::string circuits_table(const Circuits& circuits) {
  std::string table =
      "circuits, from the weights alone; composition and prefix matching with the earlier head for which they are "
      "largest\n";
  constexpr std::size_t kWide = 20;
  table += place_header() + fmt::format("  {:>8}  {:>8}", "copying", "previous");
  for (const char* name : {"query of", "key of", "value of", "prefix by"})
    table += fmt::format("  {:>{}}", name, kWide);
  table += "\n";
  for (const HeadCircuit& head : circuits.heads) {
    table += place_cells(head.place);
    table += "  " + number_cell(head.copying ? std::optional(head.copying->balance) : std::nullopt, 8, 3);
    table += "  " + number_cell(head.previous_token, 8, 3);
    for (const std::optional<FromEarlier>& from : {head.query, head.key, head.value, head.prefix}) {
      table += fmt::format("  {:>{}}", from_cell(from), kWide);
    }
    table += "\n";
  }
  for (const std::string& note : circuits.notes) table += note + "\n";
  table +=
      "copying, prefix: sum of eigenvalues / sum of their sizes, 1: tokens raise themselves; previous: weight on the "
      "previous "
      "position if positions were all\n";
  return table;
}

}  // namespace headlight
