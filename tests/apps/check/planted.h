#pragma once

// A small layer with faults that can be planted, one at a time: x + output(attention(query x, key x, value x)).
#include <memory>
#include <string>
#include <vector>

#include "apps/check/options.h"
#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace check_test {

enum class Fault {
  none,
  mask_lost,
  mask_transposed,
  mask_one_ahead,
  mask_of_first_member,
  window_too_wide,
  memory_mask_ignored,
  cache_ignored,
  softmax_of_nothing,
  attention_over_batch,
  norm_over_time,
  mean_over_batch,
  divided_by_batch,
  path_detached,
  gradient_off,
  dropout_in_evaluation,
  other_path_in_training,
  other_path_without_gradients,
  recorder_changes_result,
  unregistered,
  unused,
  copied_at_construction,
  first_values_from_device,
  noise_from_device,
  kept_between_calls,
  writes_its_parameter,
  thread_count,
  shape_of_long_inputs,
  nan_of_long_inputs,
  position_dependent,
  throws_on_one_position,
};

/// What the checks must say of it.
struct PlantedFault {
  Fault fault;
  std::string name;
  std::vector<std::string> rows;  ///< exactly these fail (those of gradients in double alone)
  std::string row;                ///< the one that names the fault
  std::string figure;             ///< part of its figure
  std::string advice;             ///< part of its advice
  bool others_too = false;        ///< so bad that other rows may fail as well
};

const std::vector<PlantedFault>& planted_faults();

/// The layer for inputs of width 8; with `cross`, the keys and values come from a memory of width 8.
std::unique_ptr<Layer> make_planted(Fault fault, Init& init);

/// Width, and that permuted inputs give permuted outputs; a memory for the fault that needs one.
CheckOptions planted_options(Fault fault);

}  // namespace check_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
