#include "apps/headlight/score_table.h"

#include <fmt/format.h>

namespace headlight {
namespace {

std::string score_line(const std::string& name, const Score& score) {
  return fmt::format("{:<12}  {:>8}  {:>10.6f}  {:>8.4f} %  {:>8.4f} %\n", name, score.accuracy.sequences, score.loss(),
                     100 * score.accuracy.tok_acc(), 100 * score.accuracy.seq_acc());
}

}  // namespace

std::string score_table(const std::string& split, const Evaluation& evaluation) {
  std::string table =
      fmt::format("{:<12}  {:>8}  {:>10}  {:>10}  {:>10}\n", "split", "examples", "loss", "tok_acc", "seq_acc");
  table += score_line(split, evaluation.all);
  if (evaluation.by_length.size() > 1) {
    for (const auto& [length, score] : evaluation.by_length)
      table += score_line(fmt::format("  length {}", length), score);
  }
  return table;
}

std::string head_table(const std::vector<HeadScores>& scores, const std::vector<std::string>& blocks,
                       std::size_t sequences) {
  std::string table = fmt::format(
      "attention over {} held-out sequences; masses are shares of 1, entropy is in nats\n"
      "  {:<8}  {:>5}  {:>4}  {:>15}  {:>16}  {:>8}  {:>8}  {:>7}\n",
      sequences, "block", "layer", "head", "antidiag_argmax", "antidiag_mass(1)", "diagonal", "previous", "entropy");
  const HeadScores& best = best_head(scores);
  for (const HeadScores& head : scores) {
    table += fmt::format("{} {:<8}  {:>5}  {:>4}  {:>15.4f}  {:>16.4f}  {:>8.4f}  {:>8.4f}  {:>7.3f}\n",
                         &head == &best ? '*' : ' ', blocks.at(head.layer), head.layer, head.head, head.antidiag_argmax,
                         head.antidiag_mass, head.diagonal, head.previous, head.entropy);
  }
  return table;
}

}  // namespace headlight
