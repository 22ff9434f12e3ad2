#pragma once

#include <cstddef>
#include <utility>
#include <variant>

#include "layers/context.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// What a model reads: token ids (B, T), or vectors (B, T, F). Made from either without a word, so that a model is
/// called as `model(ids, context)` or `model(vectors, context)`.
class ModelInput {
 public:
  ModelInput(Tokens ids) : value_(std::move(ids)) {}          // NOLINT(google-explicit-constructor)
  ModelInput(Tensor vectors) : value_(std::move(vectors)) {}  // NOLINT(google-explicit-constructor)

  bool is_tokens() const { return std::holds_alternative<Tokens>(value_); }
  /// Throw StateError when the input is of the other kind.
  const Tokens& tokens() const;
  const Tensor& vectors() const;

  /// B and T. Throw ShapeError unless the input is (B, T) or (B, T, F).
  std::size_t batch() const;
  std::size_t length() const;

 private:
  Shape checked_shape() const;

  std::variant<Tokens, Tensor> value_;
};

/// The first stage of a model: what it reads becomes (B, T, C).
class InputStage : public Module {
 public:
  /// Throws StateError on the kind of input that the stage does not read, ShapeError on a shape that does not fit.
  Tensor operator()(const ModelInput& input, const Context& context);

 private:
  virtual Tensor read(const ModelInput& input) = 0;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
