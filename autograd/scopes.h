#pragma once

#include <cstdint>
#include <string>

#include "core/real.h"

/// Scopes that hold for the operations made on this thread while they live. They nest.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Operations record no history; their results need no gradient.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool previous_;
};

/// False inside a NoGrad scope.
bool grad_enabled();

/// Every result, and in backward every gradient, is searched for NaN and infinity; the first one found throws a
/// NumericError that names operation, layer and step. Meant for repeating the one step that went wrong.
class DetectNonFinite {
 public:
  explicit DetectNonFinite(std::uint64_t step);
  ~DetectNonFinite();
  DetectNonFinite(const DetectNonFinite&) = delete;
  DetectNonFinite& operator=(const DetectNonFinite&) = delete;

 private:
  const std::uint64_t* previous_;
  std::uint64_t step_;
};

/// The step of the innermost DetectNonFinite scope, or null outside of one.
const std::uint64_t* non_finite_step();

/// Operations made in this scope say in messages that they belong to this layer.
class LayerScope {
 public:
  /// `path` must come from interned().
  explicit LayerScope(const std::string* path);
  ~LayerScope();
  LayerScope(const LayerScope&) = delete;
  LayerScope& operator=(const LayerScope&) = delete;

 private:
  const std::string* previous_;
};

/// The path of the innermost LayerScope; "" outside of one. Never null.
const std::string* current_layer_path();

/// One permanent copy of a text; equal texts give the same pointer. For the few hundred layer paths of a process.
const std::string* interned(const std::string& text);

}  // namespace headlight::inline HEADLIGHT_PRECISION
