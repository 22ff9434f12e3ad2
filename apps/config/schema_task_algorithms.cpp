// Keys of recall, mqar, rasp, formal and linreg that no other task has.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr double kMostIds = 1e6;
constexpr double kMostDimensions = 1024;

using C = Config;
using Task = TaskConfig;

}  // namespace

std::vector<Key> algorithm_task_rows() {
  const Condition recall = only_for("type", {"recall"});
  const Condition mqar = only_for("type", {"mqar"});
  const Condition linreg = only_for("type", {"linreg"});
  return {
      {.path = "task.variant",
       .type = choice<RecallVariant>(
           {{"assoc_recall", RecallVariant::kAssocRecall}, {"induction_head", RecallVariant::kInductionHead}}),
       .fallback = is("assoc_recall"),
       .doc = "what is recalled: the value of a key, or the symbol behind an earlier mark",
       .field = at(&C::task, &Task::recall, &RecallConfig::variant),
       .only = recall},
      {.path = "task.vocab",
       .type = integer(4, kMostIds),
       .fallback = is(256),
       .doc = "number of ids: 0 is the blank, those below half are keys, the others values",
       .field = at(&C::task, &Task::mqar, &MqarConfig::vocab),
       .only = mqar},
      {.path = "task.pairs",
       .type = integer(1, kLongest),
       .fallback = is(4),
       .doc = "pairs of a key and a value at the beginning; each key is asked for once",
       .field = at(&C::task, &Task::mqar, &MqarConfig::pairs),
       .only = mqar},
      {.path = "task.power",
       .type = number({.from = 0, .to = 100}),
       .fallback = is(0.01),
       .doc = "a in p(i) ~ i^(a - 1), the probability of a question at the i-th place; 1 is uniform",
       .field = at(&C::task, &Task::mqar, &MqarConfig::power),
       .only = mqar},
      {.path = "task.random_non_queries",
       .type = boolean(),
       .fallback = is(true),
       .doc = "random ids between the questions, instead of blanks",
       .field = at(&C::task, &Task::mqar, &MqarConfig::random_non_queries),
       .only = mqar},
      {.path = "task.program",
       .type = choice<RaspProgram>({{"hist", RaspProgram::kHist},
                                    {"double_hist", RaspProgram::kDoubleHist},
                                    {"reverse", RaspProgram::kReverse},
                                    {"sort", RaspProgram::kSort},
                                    {"most_freq", RaspProgram::kMostFreq},
                                    {"dyck1", RaspProgram::kDyck1},
                                    {"dyck2", RaspProgram::kDyck2}}),
       .fallback = is("hist"),
       .doc = "what is computed of a string",
       .field = at(&C::task, &Task::rasp, &RaspConfig::program),
       .only = only_for("type", {"rasp"})},
      {.path = "task.problem",
       .type = choice<FormalProblem>({{"parity", FormalProblem::kParity},
                                      {"even_pairs", FormalProblem::kEvenPairs},
                                      {"cycle_nav", FormalProblem::kCycleNav},
                                      {"reverse_string", FormalProblem::kReverseString},
                                      {"stack", FormalProblem::kStack},
                                      {"bucket_sort", FormalProblem::kBucketSort},
                                      {"duplicate", FormalProblem::kDuplicate},
                                      {"missing_dup", FormalProblem::kMissingDup},
                                      {"odds_first", FormalProblem::kOddsFirst}}),
       .fallback = is("parity"),
       .doc = "what is asked of a string",
       .field = at(&C::task, &Task::formal, &FormalConfig::problem),
       .only = only_for("type", {"formal"})},
      {.path = "task.dimensions",
       .type = integer(1, kMostDimensions),
       .fallback = is(20),
       .doc = "dimensions of a point x",
       .field = at(&C::task, &Task::linreg, &LinregConfig::dimensions),
       .only = linreg},
      {.path = "task.points",
       .type = integer(1, kLongest / 2),
       .fallback = is(41),
       .doc = "points with their values in one example",
       .field = at(&C::task, &Task::linreg, &LinregConfig::points),
       .only = linreg},
      {.path = "task.noise",
       .type = number({.from = 0, .to = 1e6}),
       .fallback = is(0.0),
       .doc = "standard deviation of what is added to each value",
       .field = at(&C::task, &Task::linreg, &LinregConfig::noise),
       .only = linreg},
  };
}

}  // namespace headlight::config::schema
