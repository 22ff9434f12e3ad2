#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "apps/config/data_config.h"

namespace headlight::config {

// The values of `task`, like all others in config.h. What the type does not read is zero; the table says what it reads.

enum class TaskType {
  kReverse,
  kAddition,
  kCopy,
  kInduction,
  kModular,
  kSort,
  kRecall,
  kMqar,
  kRasp,
  kFormal,
  kLinreg,
  kText,
  kLines,
  kJsonl,
};

struct EvalConfig {
  std::size_t examples{};
  std::uint64_t seed{};
  std::vector<std::uint64_t> lengths;  ///< of a report by length, besides the lengths of the task
};

/// From the least to the most, each as likely.
struct LengthConfig {
  std::size_t min{};
  std::size_t max{};
};

enum class RecallVariant { kAssocRecall, kInductionHead };
enum class RaspProgram { kHist, kDoubleHist, kReverse, kSort, kMostFreq, kDyck1, kDyck2 };
enum class FormalProblem {
  kParity,
  kEvenPairs,
  kCycleNav,
  kReverseString,
  kStack,
  kBucketSort,
  kDuplicate,
  kMissingDup,
  kOddsFirst
};

enum class DigitOrder { kPlain, kReversed };

struct AdditionConfig {
  std::size_t digits{};
  DigitOrder order{};
  bool signs{};
};

enum class ModularOp { kAdd, kSubtract, kMultiply, kDivide, kQuadratic };

struct ModularConfig {
  ModularOp op{};
  std::size_t p{};
  double fraction{};
};

struct InductionConfig {
  std::size_t block{};
  std::size_t repeats{};
};

struct RecallConfig {
  RecallVariant variant{};
};

struct MqarConfig {
  std::size_t vocab{};
  std::size_t pairs{};
  double power{};
  bool random_non_queries{};
};

struct RaspConfig {
  RaspProgram program{};
};

struct FormalConfig {
  FormalProblem problem{};
};

struct LinregConfig {
  std::size_t dimensions{};
  std::size_t points{};
  double noise{};
};

struct TaskConfig {
  TaskType type{};
  std::size_t symbols{};
  LengthConfig length;
  std::optional<std::size_t> first;  ///< of copy; empty: any symbol
  double hash_split{};               ///< of sort
  AdditionConfig addition;
  ModularConfig modular;
  InductionConfig induction;
  RecallConfig recall;
  MqarConfig mqar;
  RaspConfig rasp;
  FormalConfig formal;
  LinregConfig linreg;
  /// Size of the fixed training set where the config gives it; empty with fresh examples. See training_examples().
  std::optional<std::size_t> train_examples;
  EvalConfig eval;
  DataConfig data;  ///< of tasks that read files
};

/// Whether all sequences of the task, those of `eval.lengths` too, have the same length.
bool has_one_length(const TaskConfig& task);

/// Pairs of numbers of so many digits: 10^(2 digits).
std::uint64_t addition_pairs(const AdditionConfig& addition);

/// Pairs of operands: p^2, and p (p - 1) for a division.
std::uint64_t modular_pairs(const ModularConfig& modular);

/// Those to train on, floor(fraction * pairs), and those to evaluate on, all others.
std::uint64_t modular_training_pairs(const ModularConfig& modular);
std::uint64_t modular_other_pairs(const ModularConfig& modular);

/// The sizes that a task has in the work it comes from: what its keys mean when they are left out.
struct TaskDefaults {
  std::size_t symbols = 0;
  LengthConfig length{};
  std::optional<std::size_t> train_examples{};  ///< nothing: new examples for every batch
  std::size_t eval_examples = 0;
};

/// Those of a task whose choices (variant, program, problem) are known.
TaskDefaults task_defaults(const TaskConfig& task);

/// Kinds of brackets in the strings of a program, which are its symbols whatever `symbols` says; 0: it has none.
std::size_t bracket_kinds(RaspProgram program);

/// Whether a mark stands behind the strings of a program, as one does before those of all.
bool has_end_mark(RaspProgram program);

/// Length of the answer to a string of this length.
std::size_t formal_answer(FormalProblem problem, std::size_t length);

/// The longest example in the task's own measure, evaluation of other lengths included.
std::size_t longest_example(const TaskConfig& task);

}  // namespace headlight::config
