#include "apps/check/probe.h"

#include <cmath>
#include <limits>
#include <utility>

#include "autograd/scopes.h"
#include "core/random.h"
#include "core/random_array.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// How far parameters are moved: enough to leave 0 and 1, little enough for a matrix to keep the size of what it maps.
double shake_of(const Shape& shape) {
  return shape.size() < 2 ? 0.2 : 0.5 / std::sqrt(static_cast<double>(shape.back()));
}

}  // namespace

std::unique_ptr<Module> Probe::built(const std::function<std::unique_ptr<Module>(std::uint64_t)>& make,
                                     std::uint64_t seed) const {
  std::unique_ptr<Module> module = make(seed);
  std::uint64_t step = 0;
  for (const NamedParameter& parameter : module->parameters()) {
    const double size = shake_of(parameter.tensor.shape());
    Array value = parameter.tensor.value();
    const Array moves = random_uniform(value.shape(), -size, size, {seed, stream_id("check shake"), step++});
    for (std::size_t i = 0; i < value.size(); ++i) value.data()[i] += moves.data()[i];
    parameter.tensor.assign(value);
  }
  return module;
}

std::unique_ptr<Module> Probe::calm_instance() const {
  return built(subject_.make_without_dropout ? subject_.make_without_dropout : subject_.make, subject_.seed);
}

Array Probe::random(const Shape& shape, std::uint64_t draw) const {
  return random_uniform(shape, -1.5, 1.5, {subject_.seed, stream_id("check input"), draw});
}

Tokens Probe::ids(const Shape& shape, std::size_t vocabulary, std::string_view stream, std::uint64_t draw) const {
  Tokens ids(shape);
  Random random({subject_.seed, stream_id(stream), draw});
  for (std::int32_t& id : flat(ids)) id = static_cast<std::int32_t>(random.uniform_below(vocabulary));
  return ids;
}

CheckInputs Probe::inputs(std::size_t batch, std::size_t length, std::uint64_t draw, double scale) const {
  CheckInputs inputs;
  if (reads_tokens()) {
    inputs.ids = ids({batch, length}, subject_.vocabulary, "check tokens", draw);
  } else {
    Array x = random({batch, length, subject_.width}, 2 * draw);
    for (Real& value : flat(x)) value *= static_cast<Real>(scale);
    inputs.x = Tensor(std::move(x), true);
  }
  if (subject_.memory_width != 0) {
    inputs.memory = Tensor(random({batch, memory_length(), subject_.memory_width}, 2 * draw + 1), true);
  }
  if (subject_.memory_vocabulary != 0) {
    inputs.memory_ids = ids({batch, memory_length()}, subject_.memory_vocabulary, "check memory tokens", draw);
  }
  return inputs;
}

Tensor Probe::run(Module& module, const CheckInputs& inputs, const CheckCall& call) const {
  StepRandom random(subject_.seed, call.step);
  return subject_.run(module, inputs,
                      {.training = call.training,
                       .random = call.random ? &random : nullptr,
                       .mask = call.mask,
                       .memory = inputs.memory.defined() ? &inputs.memory : nullptr,
                       .memory_mask = call.memory_mask,
                       .recorder = call.recorder,
                       .hooks = call.hooks,
                       .cache = call.cache,
                       .offset = call.offset});
}

Array Probe::output(Module& module, const CheckInputs& inputs, const CheckCall& call) const {
  const NoGrad no_grad;
  return run(module, inputs, call).value();
}

CheckPass Probe::pass(Module& module, const CheckInputs& inputs, const CheckCall& call, const Array& cotangent) const {
  std::vector<std::pair<std::string, Tensor>> leaves;
  if (inputs.x.defined()) leaves.emplace_back("the input", inputs.x);
  if (inputs.memory.defined()) leaves.emplace_back("the memory", inputs.memory);
  for (const NamedParameter& parameter : module.parameters()) {
    leaves.emplace_back("`" + parameter.name + "`", parameter.tensor);
  }
  for (const auto& [name, leaf] : leaves) leaf.zero_grad();
  const Tensor y = run(module, inputs, call);
  if (y.requires_grad()) y.backward(cotangent);
  CheckPass pass{.names = {"the output"}, .arrays = {y.value()}};
  for (const auto& [name, leaf] : leaves) {
    pass.names.push_back("the gradient of " + name);
    pass.arrays.push_back(leaf.has_grad() ? leaf.grad() : zeros({0}));
    leaf.zero_grad();
  }
  return pass;
}

CheckPass Probe::pass(Module& module, const CheckInputs& inputs, const CheckCall& call) const {
  return pass(module, inputs, call, random(output(module, inputs, call).shape(), 1000));
}

std::string difference_of(const CheckPass& a, const CheckPass& b) {
  for (std::size_t i = 0; i < a.arrays.size(); ++i) {
    if (i >= b.arrays.size() || !same_bytes(a.arrays[i], b.arrays[i])) return a.names[i];
  }
  return "";
}

double relative_difference(const Array& a, const Array& b) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (a.shape() != b.shape()) return kInfinite;
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a.data()[i]);
    const double y = static_cast<double>(b.data()[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) return kInfinite;
    largest = std::max(largest, std::abs(y));
    difference = std::max(difference, std::abs(x - y));
  }
  return difference == 0 ? 0 : difference / largest;
}

double rounding_bound() { return std::sqrt(static_cast<double>(std::numeric_limits<Real>::epsilon())); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
