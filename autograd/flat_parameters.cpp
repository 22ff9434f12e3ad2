#include "autograd/flat_parameters.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "autograd/node.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kAlignedElements = 64 / sizeof(Real);

Array place(const FlatMemory& memory, const FlatParameters::Segment& segment, const Shape& shape) {
  return memory.place(segment.offset * sizeof(Real), segment.size * sizeof(Real), [&] { return Array(shape); });
}

}  // namespace

FlatParameters::FlatParameters(std::vector<Tensor> parameters) : parameters_(std::move(parameters)) {
  std::unordered_set<const Node*> seen;
  for (const Tensor& parameter : parameters_) {
    if (!parameter.is_leaf() || !parameter.requires_grad() || parameter.size() == 0) {
      raise<StateError>("flat parameters", "only leaves with elements that require a gradient can be laid out",
                        parameter.node()->describe());
    }
    if (!seen.insert(parameter.node().get()).second || parameter.node()->gradient_is_placed) {
      raise<StateError>("flat parameters", "a parameter lies in a flat buffer already", parameter.node()->describe(),
                        "give each parameter once, to one optimiser at a time");
    }
    segments_.push_back({size_, parameter.size()});
    size_ += (parameter.size() + kAlignedElements - 1) / kAlignedElements * kAlignedElements;
  }
  values_ = std::make_unique<FlatMemory>(size_ * sizeof(Real));
  gradients_ = std::make_unique<FlatMemory>(size_ * sizeof(Real));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Node& node = *parameters_[i].node();
    Array value = place(*values_, segments_[i], node.value.shape());
    copy_into(value, node.value);
    Array gradient = place(*gradients_, segments_[i], node.value.shape());
    if (node.has_gradient) {
      copy_into(gradient, *node.gradient);
    } else {
      std::fill(gradient.data(), gradient.data() + gradient.size(), Real{0});
    }
    node.value = std::move(value);
    node.gradient = std::move(gradient);
    node.gradient_is_placed = true;
  }
}

// The arrays stay where they are: the memory lives as long as the last of them.
FlatParameters::~FlatParameters() {
  for (const Tensor& parameter : parameters_) parameter.node()->gradient_is_placed = false;
}

std::span<Real> FlatParameters::values() { return {reinterpret_cast<Real*>(values_->data()), size_}; }

std::span<Real> FlatParameters::gradients() {
  const std::span<Real> all(reinterpret_cast<Real*>(gradients_->data()), size_);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].has_grad()) continue;
    const std::span<Real> forgotten = all.subspan(segments_[i].offset, segments_[i].size);
    std::fill(forgotten.begin(), forgotten.end(), Real{0});
  }
  return all;
}

void FlatParameters::mark_changed() {
  for (const Tensor& parameter : parameters_) ++parameter.node()->version;
}

void FlatParameters::zero_grad() {
  for (const Tensor& parameter : parameters_) parameter.node()->has_gradient = false;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
