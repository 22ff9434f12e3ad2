#include "apps/headlight/score_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace headlight {
namespace {

std::string score_line(const std::string& name, const Score& score, bool numbers) {
  std::string line = fmt::format("{:<12}  {:>8}  {:>10.6f}", name, score.accuracy.sequences, score.loss());
  if (!numbers) {
    line += fmt::format("  {:>8.4f} %  {:>8.4f} %", 100 * score.accuracy.tok_acc(), 100 * score.accuracy.seq_acc());
  }
  if (score.shared > 0) line += fmt::format("  * {}", score.shared);
  return line + "\n";
}

/// A mean over rows; a dash where there is no row.
std::string mean_cell(const std::optional<TargetScore>& score, double (TargetScore::*mean)() const) {
  return score && score->rows > 0 ? fmt::format("{:.4f}", ((*score).*mean)()) : "-";
}

}  // namespace

std::string score_table(const std::string& split, const Evaluation& evaluation) {
  const bool numbers = evaluation.numbers;
  std::string table = fmt::format("{:<12}  {:>8}  {:>10}", "split", "examples", numbers ? "mse" : "loss");
  table += numbers ? "\n" : fmt::format("  {:>10}  {:>10}\n", "tok_acc", "seq_acc");
  table += score_line(split, evaluation.all, numbers);
  // One length says nothing new, unless it was asked for beside those of the task.
  const auto& lengths = evaluation.by_length;
  if (lengths.size() > 1 ||
      (lengths.size() == 1 && lengths.begin()->second.accuracy.sequences != evaluation.all.accuracy.sequences)) {
    for (const auto& [length, score] : lengths) table += score_line(fmt::format("  length {}", length), score, numbers);
  }
  for (const auto& [earlier, score] : evaluation.by_position) {
    table += score_line(fmt::format("  behind {}", earlier), score, numbers);
  }
  const auto is_shared = [](const auto& entry) { return entry.second.shared > 0; };
  if (evaluation.all.shared > 0 || std::any_of(lengths.begin(), lengths.end(), is_shared)) {
    table += "* so many of the examples are not held out: there are too few inputs of their lengths\n";
  }
  return table;
}

std::string head_table(const AttentionReport& report) {
  std::string table = fmt::format("attention over {} held-out sequences; masses are shares of 1, entropy is in bits\n",
                                  report.sequences);
  table += fmt::format("  {:<9}  {:>5}  {:>4}", "block", "layer", "head");
  std::vector<std::string> columns;
  for (const AttentionPattern& pattern : report.patterns) {
    columns.push_back(pattern.name + "_argmax");
    columns.push_back(pattern.name + (pattern.width == 0 ? "_mass" : fmt::format("_mass({})", pattern.width)));
  }
  for (const std::string& column : columns) table += "  " + column;
  table += fmt::format("  {:>8}  {:>8}  {:>7}\n", "self", "previous", "entropy");
  if (report.scores.empty()) return table;
  const HeadScores& best = best_head(report.scores);
  for (const HeadScores& head : report.scores) {
    const LayerPlace& place = report.places.at(head.layer);
    table += fmt::format("{} {:<9}  {:>5}  {:>4}", &head == &best ? '*' : ' ', place.block, place.layer, head.head);
    const HeadRoles& roles = head.roles;
    for (std::size_t i = 0; i < roles.patterns.size(); ++i) {
      table +=
          fmt::format("  {:>{}}  {:>{}}", mean_cell(roles.patterns[i], &TargetScore::argmax), columns[2 * i].size(),
                      mean_cell(roles.patterns[i], &TargetScore::mass), columns[2 * i + 1].size());
    }
    for (const Role role : {Role::self, Role::previous}) {
      table += fmt::format("  {:>8}", mean_cell(roles.role(role), &TargetScore::mass));
    }
    table += fmt::format("  {:>7}\n", roles.choosing_rows == 0 ? "-" : fmt::format("{:.3f}", roles.bits()));
  }
  if (!report.unknown_masks.empty()) table += report.unknown_masks + "\n";
  return table;
}

}  // namespace headlight
