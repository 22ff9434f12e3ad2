#include "layers/init.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/random_array.h"
#include "layers/memory_limit.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

bool writes_to_residual(WeightRole role) {
  return role == WeightRole::attention_output || role == WeightRole::feed_forward_output;
}

}  // namespace

void Init::reserve(const Shape& shape) {
  const double with_this = reserved_ + element_count(shape);
  check_memory("parameters", with_this, 2, options_.memory);
  reserved_ = with_this;
}

Initial Init::uniform(const Shape& shape, double bound, std::string_view name) {
  reserve(shape);
  return {random_uniform(shape, -bound, bound, {seed_, stream_id("init"), draws_++}),
          fmt::format("{} +-{:.4g}", name, bound)};
}

Initial Init::normal(const Shape& shape, double deviation) {
  reserve(shape);
  return {random_normal(shape, 0, deviation, {seed_, stream_id("init"), draws_++}),
          fmt::format("normal std {:.4g}", deviation)};
}

Initial Init::matrix(const Shape& shape, double in, double out, WeightRole role) {
  drew_head_ = drew_head_ || role == WeightRole::head;
  if (role == WeightRole::vector_input && options_.embedding_std) return normal(shape, *options_.embedding_std);
  if (role == WeightRole::head && options_.head_std) return normal(shape, *options_.head_std);
  const double scale = writes_to_residual(role) ? 1 / std::sqrt(static_cast<double>(options_.residual_writes)) : 1;
  switch (options_.scheme) {
    case InitScheme::normal:
      return normal(shape, options_.std * scale);
    case InitScheme::scaled_normal:
      return normal(shape, scale / std::sqrt(in));
    case InitScheme::torch:
      if (role != WeightRole::attention_input) return uniform(shape, scale / std::sqrt(in), "uniform");
      [[fallthrough]];
    case InitScheme::xavier_uniform:
    case InitScheme::keras:
      break;
  }
  return uniform(shape, scale * std::sqrt(6 / (in + out)), "xavier_uniform");
}

Initial Init::weight(std::size_t out, std::size_t in, WeightRole role) {
  return matrix({out, in}, static_cast<double>(in), static_cast<double>(out), role);
}

Initial Init::conv_weight(std::size_t out, std::size_t in, std::size_t kernel) {
  const auto taps = static_cast<double>(kernel);
  return matrix({out, in, kernel}, static_cast<double>(in) * taps, static_cast<double>(out) * taps, WeightRole::dense);
}

Initial Init::vectors(std::size_t count, std::size_t size, WeightRole role) {
  return matrix({count, size}, static_cast<double>(size), 1, role);
}

Initial Init::bias(std::size_t out, std::size_t in, WeightRole role) {
  const bool attention = role == WeightRole::attention_input || role == WeightRole::attention_output;
  if (options_.scheme != InitScheme::torch || attention) return zeros(out);
  return uniform({out}, 1 / std::sqrt(static_cast<double>(in)), "uniform");
}

Initial Init::embedding(std::size_t rows, std::size_t cols) {
  return options_.embedding_std ? normal({rows, cols}, *options_.embedding_std) : positions(rows, cols);
}

Initial Init::positions(std::size_t rows, std::size_t cols) {
  switch (options_.scheme) {
    case InitScheme::normal:
      return normal({rows, cols}, options_.std);
    case InitScheme::scaled_normal:
      return normal({rows, cols}, 1 / std::sqrt(static_cast<double>(cols)));
    case InitScheme::torch:
      return normal({rows, cols}, 1);
    case InitScheme::keras:
      return uniform({rows, cols}, 0.05, "uniform");
    case InitScheme::xavier_uniform:
      break;
  }
  return uniform({rows, cols}, std::sqrt(6 / static_cast<double>(rows + cols)), "xavier_uniform");
}

Initial Init::constant(const Shape& shape, double value, std::string description) {
  reserve(shape);
  return {full(shape, static_cast<Real>(value)), std::move(description)};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
