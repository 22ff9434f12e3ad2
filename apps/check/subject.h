#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "apps/check/options.h"
#include "layers/context.h"
#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What one call is given: vectors or token ids, and perhaps a second sequence to attend to.
struct CheckInputs {
  Tensor x = {};           ///< (B, T, C); empty when ids are given
  Tokens ids = {};         ///< (B, T)
  Tensor memory = {};      ///< (B, Tm, Cm); empty when there is none
  Tokens memory_ids = {};  ///< (B, Tm): the same as token ids, the source of an encoder-decoder
};

/// What is checked: something that is built anew from a seed and called.
struct CheckSubject {
  std::string name;
  /// The same seed builds the same module. Its first values may hold zeros and ones: the checks move them.
  std::function<std::unique_ptr<Module>(std::uint64_t seed)> make;
  /// The same with every dropout at 0, where `make` has some; may be empty.
  std::function<std::unique_ptr<Module>(std::uint64_t seed)> make_without_dropout = {};
  /// Calls a module that `make` has built. CheckInputs::memory stands in the context already, memory_ids do not.
  std::function<Tensor(Module& module, const CheckInputs& inputs, const Context& context)> run;
  std::size_t vocabulary = 0;  ///< ids are below it; 0: the input is vectors
  std::size_t width = 0;       ///< C of the vectors; of a model on ids its inner width, from which sizes are chosen
  std::size_t memory_width = 0;
  std::size_t memory_vocabulary = 0;  ///< ids of the memory are below it; 0: it is vectors, or there is none
  std::size_t max_length = 128;
  std::uint64_t seed = 1;
  Promises promises = {};
};

using LayerMaker = std::function<std::unique_ptr<Layer>(Init& init)>;

/// A layer built by a function. Throws ConfigError on a width or length of 0.
CheckSubject layer_subject(const LayerMaker& make, const CheckOptions& options);

/// A registered layer from its JSON. An `options.width` of 0 stands for the first width that fits among the sizes in the
/// JSON; whether a memory is needed is found by trying as well; `max_len` in the JSON bounds the sequences.
/// Throws ConfigError on what make_layer() refuses, and when no width of the input fits.
CheckSubject registered_subject(const nlohmann::json& layer, CheckOptions options);

/// Sets every dropout in a layer's JSON to 0 and leaves positions as they are; true when there was something random.
bool remove_randomness(nlohmann::json& json);

}  // namespace headlight::inline HEADLIGHT_PRECISION
