#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Calls body(b, t) for each position behind the lengths.
template <class Body>
void for_padded(const std::vector<std::size_t>& lengths, std::size_t length, Body body) {
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    for (std::size_t t = lengths[b]; t < length; ++t) body(b, t);
  }
}

/// Zeros in place of what stands behind the lengths: (B, T, ...).
void clear_padded(Array& a, const std::vector<std::size_t>& lengths) {
  const std::size_t length = a.shape()[1];
  const std::size_t row = a.size() / (a.shape()[0] * length);
  for_padded(lengths, length,
             [&](std::size_t b, std::size_t t) { std::fill_n(a.data() + (b * length + t) * row, row, Real{0}); });
}

/// `x` (B, T, C) with what `filler` holds behind the lengths.
Tensor behind_lengths(const Tensor& x, const Tensor& filler, const std::vector<std::size_t>& lengths) {
  Array filled = x.value();
  const std::size_t length = x.extent(1);
  const std::size_t width = x.extent(2);
  for_padded(lengths, length, [&](std::size_t b, std::size_t t) {
    const std::size_t begin = (b * length + t) * width;
    std::copy_n(filler.value().data() + begin, width, filled.data() + begin);
  });
  return Tensor(std::move(filled), true);
}

/// The same inputs with other content behind the lengths; vectors a hundred times as large.
CheckInputs refilled(const Probe& probe, const CheckInputs& inputs, const std::vector<std::size_t>& lengths,
                     std::uint64_t draw) {
  CheckInputs other = inputs;
  const CheckInputs filler = probe.inputs(lengths.size(), probe.length(), draw, 100);
  if (probe.reads_tokens()) {
    for_padded(lengths, probe.length(), [&](std::size_t b, std::size_t t) { other.ids(b, t) = filler.ids(b, t); });
    return other;
  }
  other.x = behind_lengths(inputs.x, filler.x, lengths);
  return other;
}

/// Likewise with other content behind the lengths of the memory.
CheckInputs refilled_memory(const Probe& probe, const CheckInputs& inputs, const std::vector<std::size_t>& lengths,
                            std::uint64_t draw) {
  CheckInputs other = inputs;
  const CheckInputs filler = probe.inputs(lengths.size(), probe.length(), draw, 100);
  if (probe.subject().memory_vocabulary != 0) {
    for_padded(lengths, probe.memory_length(),
               [&](std::size_t b, std::size_t t) { other.memory_ids(b, t) = filler.memory_ids(b, t); });
  } else {
    other.memory = behind_lengths(inputs.memory, filler.memory, lengths);
  }
  return other;
}

constexpr const char* kPaddingAdvice =
    "look for sums, means or statistics that count padded positions, and at whether each member's own length is used";

void try_padding(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  if (probe.length() < 2) return row.skip("sequences of one position have no padding");
  if (study.reach == Reach::sequence && !study.causal) {
    return row.skip("declared to read the whole sequence, whatever the mask");
  }
  if (!study.obeys.padding) return row.skip("declared not to keep to padding masks");
  const std::vector<std::size_t> lengths = some_lengths(probe.batch(), probe.length());
  const std::vector<std::size_t> memory_lengths = some_lengths(probe.batch(), probe.memory_length());
  const CheckInputs inputs = probe.inputs();
  for (const bool training : {false, true}) {
    CheckCall call{.training = training, .mask = Mask::padding(lengths)};
    if (probe.reads_memory()) call.memory_mask = Mask::padding(memory_lengths);
    Array cotangent = probe.random(probe.output(*study.module, inputs, call).shape(), 31);
    if (study.has_time) clear_padded(cotangent, lengths);
    const auto run = [&](const CheckInputs& given) {
      CheckPass pass = probe.pass(*study.module, given, call, cotangent);
      if (study.has_time) clear_padded(pass.arrays.front(), lengths);  // nothing is promised there
      return pass;
    };
    const CheckPass before = run(inputs);
    for (const std::uint64_t draw : {41U, 42U}) {
      const char* const while_training = training ? ", while training" : "";
      std::string what = difference_of(before, run(refilled(probe, inputs, lengths, draw)));
      if (!what.empty()) {
        return row.fail(fmt::format("{} changes with what stands behind the lengths{}", what, while_training),
                        kPaddingAdvice);
      }
      if (!probe.reads_memory()) continue;
      what = difference_of(before, run(refilled_memory(probe, inputs, memory_lengths, draw)));
      if (what.empty()) continue;
      return row.fail(fmt::format("{} changes with what stands behind the lengths of the memory{}", what,
                                  while_training),
                      kPaddingAdvice);
    }
  }
  row.pass("outputs and gradients: same bytes");
}

std::vector<std::size_t> reordered(std::size_t length) {
  std::vector<std::size_t> order(length);
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(length / 2), order.end());
  std::swap(order.front(), order[length / 3 + 1 < length ? length / 3 + 1 : 0]);
  return order;
}

/// b[:, t] = a[:, order[t]].
Array permuted(const Array& a, const std::vector<std::size_t>& order) {
  Array b(a.shape());
  const std::size_t length = order.size();
  const std::size_t row = a.size() / (a.shape()[0] * length);
  for (std::size_t i = 0; i < a.shape()[0] * length; ++i) {
    const std::size_t from = i / length * length + order[i % length];
    std::copy_n(a.data() + from * row, row, b.data() + i * row);
  }
  return b;
}

void try_permutation(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const std::optional<bool> promised = probe.subject().promises.equivariant;
  if (probe.length() < 2) return row.skip("sequences of one position have one order");
  if (!study.has_time) return row.skip("there is one output per sequence");
  if (promised && !*promised) return row.skip("the order of the inputs is meant to matter");
  const std::vector<std::size_t> order = reordered(probe.length());
  const CheckInputs inputs = probe.inputs();
  CheckInputs other = inputs;
  if (probe.reads_tokens()) {
    for (std::size_t b = 0; b < probe.batch(); ++b) {
      for (std::size_t t = 0; t < order.size(); ++t) other.ids(b, t) = inputs.ids(b, order[t]);
    }
  } else {
    other.x = Tensor(permuted(inputs.x.value(), order), true);
  }
  const double difference = relative_difference(probe.output(*study.module, other, {}),
                                                permuted(probe.output(*study.module, inputs, {}), order));
  if (difference <= rounding_bound()) {
    return row.pass(
        fmt::format("permuted outputs to {:.1g} ({})", difference, promised ? "promised" : "not promised, but so"));
  }
  if (!promised)
    return row.skip("the order of the inputs matters here; declare Promises::equivariant if it should not");
  row.fail(fmt::format("permuted inputs give other outputs: relative difference {:.2g}", difference),
           "look for something that depends on the position itself: positions, an index, a shift, a causal mask");
}

}  // namespace

std::vector<CheckRow> check_dependence(const Study& study) {
  return {run_check("padding", "other content behind the lengths", [&](RowBuilder& row) { try_padding(study, row); }),
          run_check("permutation", "inputs in another order", [&](RowBuilder& row) { try_permutation(study, row); })};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
