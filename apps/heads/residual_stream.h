#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/inspect/frozen_norm.h"
#include "core/array.h"
#include "layers/models/model.h"

/// Where the weights of a model stand around its residual stream, read from the form that it was built from.
namespace headlight {

/// One step that reads the stream and writes to it.
struct StreamStep {
  std::string path{};                ///< of its layer: "layers.0.attention"
  bool reads_norm = false;           ///< a norm of its own stands in front
  std::optional<FrozenNorm> norm{};  ///< that norm; nothing where it is none that is linear at a fixed scale
  std::string inexact{};             ///< why what it returns is not simply added to the stream; "" where it is
};

/// A stack: a model, or one half of an encoder-decoder.
struct ResidualStream {
  std::string prefix{};  ///< of its paths: "", "encoder." or "decoder."
  std::vector<StreamStep> steps{};
  std::string inexact{};  ///< why the stream is no sum of steps
};

/// The stack that answers, or with `of_encoder` that which an encoder-decoder reads its source with.
ResidualStream residual_stream(const Model& model, const nlohmann::json& composed, bool of_encoder = false);

/// The parameter of a name; null where there is none.
const Array* find_parameter(const Model& model, const std::string& name);

/// The normalisation at a path as a linear map at a fixed scale; nothing for one with batch statistics.
std::optional<FrozenNorm> frozen_norm(const Model& model, const std::string& path, const std::string& type, double eps);

}  // namespace headlight
