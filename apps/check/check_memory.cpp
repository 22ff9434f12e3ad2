#include <fmt/format.h>

#include "apps/check/checks.h"
#include "apps/check/row.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// The masks of the memory under which it is read.
std::vector<MaskCase> memory_masks(const Study& study) {
  const Probe& probe = study.probe;
  const std::size_t keys = probe.memory_length();
  std::vector<MaskCase> masks{no_mask(), padding_mask(probe.batch(), keys)};
  // A convolution over the memory's values, say, lets a query see the neighbours of the keys that it is allowed. And
  // the mask of a source is one of its encoder too, whose queries are not those of the output.
  const bool by_query = study.obeys.allow && study.has_time && probe.subject().memory_vocabulary == 0;
  if (by_query) masks.push_back(allow_mask(probe.batch(), probe.length(), keys));
  return masks;
}

/// The first pair that is read and hidden, in words; counts those that may be read.
std::string leak_in(const Influence& seen, const MaskCase& mask, std::size_t& pairs) {
  for (std::size_t b = 0; b < seen.batch(); ++b) {
    for (std::size_t q = 0; q < seen.queries(); ++q) {
      for (std::size_t k = 0; k < seen.keys(); ++k) {
        if (!seen.reads(b, q, k)) continue;
        if (!mask.visible(b, q, k)) {
          return fmt::format("{}: output {} of member {} reads position {} of the memory", mask.name, q, b, k);
        }
        ++pairs;
      }
    }
  }
  return "";
}

void try_memory(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  if (!probe.reads_memory()) return row.skip("it reads no Context::memory");
  const CheckInputs inputs = probe.inputs();
  const bool statistics = probe.subject().promises.batch_statistics;
  std::size_t pairs = 0;
  for (const MaskCase& mask : memory_masks(study)) {
    for (const bool training : {false, true}) {
      if (training && statistics) continue;
      const Influence seen =
          measure_influence(probe, *study.module, inputs, {.training = training, .memory_mask = mask.mask},
                            Stream::memory, study.queries);
      if (const std::string what = cross_talk_in(seen); !what.empty()) {
        return row.fail(fmt::format("{}, {} (memory, {})", what, training ? "while training" : "in evaluation",
                                    mask.name),
                        kBatchAdvice);
      }
      if (const std::string what = leak_in(seen, mask, pairs); !what.empty()) {
        return row.fail(what, probe.subject().memory_vocabulary == 0
                                  ? "look at whether Context::memory_mask, and not Context::mask, reaches the "
                                    "cross-attention"
                                  : "look at whether the mask of the source reaches each layer of the encoder and the "
                                    "cross-attention, and for sums or statistics over the source's time axis");
      }
    }
  }
  if (pairs == 0) {
    return row.fail("no output reads any position of the memory",
                    "look at whether the cross-attention's result reaches the output");
  }
  row.pass(fmt::format("what Context::memory_mask allows, no other{}", statistics ? " (evaluation only)" : ""));
}

}  // namespace

CheckRow check_memory(const Study& study) {
  return run_check("leak: memory", "what outputs read of the memory", [&](RowBuilder& row) { try_memory(study, row); });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
