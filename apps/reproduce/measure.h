#pragma once

#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/training/metrics.h"

namespace headlight::reproduce {

/// What a finished run left: the rows of its metrics.jsonl, and the object that `headlight eval RUN --json` printed.
struct RunResult {
  std::vector<MetricsRow> rows{};
  std::string evaluation{};  ///< JSON
  double seconds = 0;        ///< of training, evaluations included
  std::string generated{};   ///< what `headlight generate RUN --input` said to the entry's input
};

/// Reads a figure off a run. The measures, with S one of train and eval and M one of loss, tok_acc and seq_acc:
///
///     final(M)            over the whole held-out split (M may be mse too)
///     lengths(A..B, M)    the mean over the lengths from A to B of the report by length
///     position(K, M)      of the K-th target, from 0 (M is mse or loss)
///     head(P, mass)       the most that any head reads of the right keys of the task's pattern P; or argmax
///     at(S, M, N)         of the row of step N; of training rows the mean of those up to 50 steps before
///     first(S, M, <X)     the first step whose row is below X, or with >X above it; infinity where there is none
///     least(S, M)         the least over all rows; most(S, M) the largest
///     parameters          how many the model has
///     generates(TEXT)     1 where the model says exactly TEXT to the entry's input, else 0
///
/// Throws ConfigError when the measure is none of these, StateError when the run has no such figure.
double measure(const std::string& name, const RunResult& run);

/// Throws ConfigError unless `name` is a measure.
void check_measure(const std::string& name);

}  // namespace headlight::reproduce
