#include "layers/models/decoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "autograd/scopes.h"
#include "core/error.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

std::vector<double> log_softmax_of(const Real* logits, std::size_t classes) {
  std::vector<double> values(logits, logits + classes);
  double largest = -std::numeric_limits<double>::infinity();
  for (const double value : values) largest = std::max(largest, value);
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  const double log_sum = largest + std::log(sum);
  if (!std::isfinite(log_sum)) {
    raise<NumericError>("generate", "the logits are not finite", fmt::format("log-sum-exp {}", log_sum),
                        "look at the weights: the run may have diverged");
  }
  for (double& value : values) value -= log_sum;
  return values;
}

}  // namespace

Decoding::Decoding(Model& model, Prompts sequences, Tensor memory, std::vector<std::size_t> memory_lengths, bool cache)
    : model_(model),
      sequences_(std::move(sequences)),
      memory_(std::move(memory)),
      memory_lengths_(std::move(memory_lengths)),
      cached_(cache) {}

Tensor Decoding::run() {
  const std::size_t begin = cached_ ? cache_.length() : 0;
  const std::size_t time = length() - begin;
  Tokens ids(Shape{count(), time});
  for (std::size_t row = 0; row < count(); ++row) {
    std::copy_n(sequences_[row].data() + begin, time, ids.data() + row * time);
  }
  Context context;
  if (cached_) {
    context.cache = &cache_;
    context.offset = begin;
  }
  if (!memory_lengths_.empty()) context.memory_mask = Mask::padding(memory_lengths_);
  return memory_.defined() ? model_.decode(ids, memory_, context) : model_(ids, context);
}

std::vector<std::vector<double>> Decoding::log_probabilities() {
  const NoGrad no_grad;
  const Tensor logits = run();
  const std::size_t classes = logits.extent(-1);
  const std::size_t stride = logits.value().size() / count();  // of one sequence; its last position is wanted
  std::vector<std::vector<double>> rows;
  for (std::size_t row = 0; row < count(); ++row) {
    rows.push_back(log_softmax_of(logits.value().data() + (row + 1) * stride - classes, classes));
  }
  return rows;
}

void Decoding::extend(const std::vector<std::size_t>& rows, const std::vector<std::int32_t>& tokens) {
  Prompts longer;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    longer.push_back(sequences_[rows[i]]);
    longer.back().push_back(tokens[i]);
  }
  bool same = rows.size() == sequences_.size();
  for (std::size_t i = 0; same && i < rows.size(); ++i) same = rows[i] == i;
  sequences_ = std::move(longer);
  if (same) return;
  if (cached_) cache_.reorder(rows);
  if (memory_.defined()) memory_ = Tensor(rows_taken(memory_.value(), rows));
  if (!memory_lengths_.empty()) {
    std::vector<std::size_t> lengths;
    lengths.reserve(rows.size());
    for (const std::size_t row : rows) lengths.push_back(memory_lengths_[row]);
    memory_lengths_ = std::move(lengths);
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
