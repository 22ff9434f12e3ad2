#pragma once

#include <cstdint>
#include <map>

namespace headlight {

/// What was predicted right.
struct Accuracy {
  std::uint64_t positions = 0;  ///< with a target
  std::uint64_t correct_positions = 0;
  std::uint64_t sequences = 0;
  std::uint64_t correct_sequences = 0;  ///< right at every position with a target

  /// Shares in [0, 1]; 0 of nothing.
  double tok_acc() const { return share(correct_positions, positions); }
  double seq_acc() const { return share(correct_sequences, sequences); }

  Accuracy& operator+=(const Accuracy& other) {
    positions += other.positions;
    correct_positions += other.correct_positions;
    sequences += other.sequences;
    correct_sequences += other.correct_sequences;
    return *this;
  }

 private:
  static double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

/// Loss and accuracy over a set of examples.
struct Score {
  double loss_sum = 0;  ///< over the positions with a target: in nats, or squared error
  Accuracy accuracy{};
  std::uint64_t shared = 0;  ///< examples of the evaluation that could not be held out, see Task::splits_share()

  Score& operator+=(const Score& other) {
    loss_sum += other.loss_sum;
    shared += other.shared;
    accuracy += other.accuracy;
    return *this;
  }
  double loss() const { return accuracy.positions == 0 ? 0 : loss_sum / static_cast<double>(accuracy.positions); }
};

struct Evaluation {
  bool numbers = false;  ///< targets are numbers: the loss is their squared error, and nothing is right or wrong
  Score all{};
  std::uint64_t hidden_rows = 0;               ///< attention rows in which every key is hidden
  std::map<std::uint64_t, Score> by_length{};  ///< by the length of examples in the task's own measure
  /// By how many targets of the same example came before; empty where the task does not report them.
  std::map<std::uint64_t, Score> by_position{};
};

}  // namespace headlight
