#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/check/influence.h"
#include "apps/check/mask_cases.h"
#include "apps/check/probe.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What all checks need to know of a subject: measured once, or declared.
struct Study {
  /// Throws what the subject throws.
  explicit Study(const Probe& from);

  const Probe& probe;
  std::unique_ptr<Module> module;
  std::size_t queries;  ///< positions of the output for Probe::length() inputs; 1 without a time axis
  bool has_time;        ///< the output has a row for each position
  bool has_dropout;     ///< outputs while training depend on the random key
  Influence plain;      ///< without a mask, in evaluation
  Reach reach;
  bool causal;                   ///< by itself
  ObeyedMasks obeys;             ///< of reach mask
  std::size_t attention_layers;  ///< 0: not known
  std::string reach_source;      ///< "declared" or "measured"

  /// The most that outputs may read under a mask, within a member: index (b * queries + q) * keys + k.
  std::vector<bool> promised(const MaskCase& mask) const;
  /// A sentence for the report.
  std::string describe() const;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
