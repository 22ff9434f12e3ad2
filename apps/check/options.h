#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

/// What a layer promises, and how it is to be checked. What is not declared is measured: see apps/check/README.md.
namespace headlight {

/// What output t may depend on.
enum class Reach {
  position,  ///< input t alone
  mask,      ///< what Context::mask lets it see, over as many attention layers as there are
  sequence,  ///< every input: no mask is promised to be obeyed
};

/// The masks that are taken and, with Reach::mask, obeyed. Without `padding` the check of that name is left out whatever the reach.
struct ObeyedMasks {
  bool causal = true;
  bool padding = true;
  bool window = true;
  bool allow = true;
};

struct Promises {
  /// Empty: `position` when no other input changes an output, else `sequence` when it is causal by itself, else `mask`.
  std::optional<Reach> reach = {};
  ObeyedMasks obeys = {};
  bool causal = false;  ///< output t never depends on later inputs, whatever the mask
  /// Permuting the inputs permutes the outputs. Empty: told when it holds, not demanded.
  std::optional<bool> equivariant = {};
  /// Statistics over batch and time while training, as in batch norm: dependence on other members and positions, and
  /// changes from call to call, are then looked for in evaluation alone. What stands in padding must still not matter.
  bool batch_statistics = false;
  /// Attention layers in a row, for masks that reach farther with each. Empty: counted by a recorder; unlimited when
  /// nothing tells it.
  std::optional<std::size_t> attention_layers = {};
  std::optional<std::size_t> output_width = {};  ///< last extent of the output
};

struct CheckOptions {
  std::string name = "layer";    ///< for the report; a registered layer is called by its type and keys
  std::size_t width = 8;         ///< C of the input (B, T, C); 0 with a registered layer: found by trying
  std::size_t memory_width = 0;  ///< C of Context::memory; 0: none is given, or found by trying
  std::size_t max_length = 128;  ///< longest sequence it takes
  std::uint64_t seed = 1;        ///< of weights and inputs
  Promises promises = {};
};

}  // namespace headlight
