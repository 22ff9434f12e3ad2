#include "layers/input_stage.h"

#include "core/error.h"
#include "core/shape.h"
#include "layers/hooks.h"

namespace headlight::inline HEADLIGHT_PRECISION {

const Tokens& ModelInput::tokens() const {
  if (!is_tokens()) {
    raise<StateError>("input", "the model reads token ids, and was given vectors",
                      "vectors " + to_string(vectors().shape()), "give it ids (B, T), or build it for vectors");
  }
  return std::get<Tokens>(value_);
}

const Tensor& ModelInput::vectors() const {
  if (is_tokens()) {
    raise<StateError>("input", "the model reads vectors, and was given token ids",
                      "ids " + to_string(Shape(tokens().shape())), "give it (B, T, F), or build it for tokens");
  }
  return std::get<Tensor>(value_);
}

Shape ModelInput::checked_shape() const {
  Shape shape = is_tokens() ? Shape(tokens().shape()) : vectors().shape();
  if (shape.size() != (is_tokens() ? 2 : 3)) {
    raise<ShapeError>("input", is_tokens() ? "token ids must be (B, T)" : "vectors must be (B, T, F)",
                      to_string(shape));
  }
  return shape;
}

std::size_t ModelInput::batch() const { return checked_shape()[0]; }
std::size_t ModelInput::length() const { return checked_shape()[1]; }

Tensor InputStage::operator()(const ModelInput& input, const Context& context) {
  const LayerScope scope(scope_path());
  const Tensor x = read(input);
  return context.hooks == nullptr ? x : context.hooks->visit(path(), HookPoint::output, x);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
