#pragma once

#include <vector>

#include "apps/check/report.h"
#include "apps/check/study.h"

/// The checks by family; each returns its rows in the order of the table.
namespace headlight::inline HEADLIGHT_PRECISION {

/// "shapes", "finite": for several batches and lengths. They need no study: it may be the shapes that are wrong.
std::vector<CheckRow> check_shapes(const Probe& probe);
/// "gradients: inputs", "gradients: parameters", by central differences; only in the double build.
std::vector<CheckRow> check_gradients(const Study& study);
/// "parameters: registered", "parameters: used".
std::vector<CheckRow> check_parameters(const Study& study);
/// "leak: no mask", "leak: causal", ..., "leak: memory", "batch".
std::vector<CheckRow> check_leaks(const Study& study);
/// "leak: memory" alone.
CheckRow check_memory(const Study& study);
/// "padding", "permutation".
std::vector<CheckRow> check_dependence(const Study& study);
/// "cache".
std::vector<CheckRow> check_cache(const Study& study);
/// "training mode", "no-grad", "recording", "evaluation".
std::vector<CheckRow> check_modes(const Study& study);
/// "repeat", "seed", "save and load", "threads".
std::vector<CheckRow> check_state(const Study& study);

/// Largest number of elements that gradients are checked at one by one, times the parameters behind one output: beyond
/// it random directions are used.
inline constexpr double kElementwiseWork = 3e7;

/// What to look at where an output reads another batch member.
inline constexpr const char* kBatchAdvice =
    "look for an operation over axis 0: statistics of the batch, or an attention whose axes are (T, B, C)";

/// The strongest mask that the subject keeps to, for calls that shall meet all of its code.
Mask strongest_mask(const Study& study, std::size_t batch, std::size_t length);

}  // namespace headlight::inline HEADLIGHT_PRECISION
