#include "autograd/make_op.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "autograd/node.h"
#include "autograd/non_finite.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

bool any_requires_grad(std::string_view op, const std::vector<Tensor>& inputs) {
  bool any = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) {
      raise<StateError>(op, fmt::format("input {} is an empty tensor", i), {}, "give it a value first");
    }
    any = any || inputs[i].requires_grad();
  }
  return any;
}

std::shared_ptr<Node> make_node(std::string_view op, Array y) {
  auto node = std::make_shared<Node>(std::move(y));
  node->op = op;
  if (const std::uint64_t* step = non_finite_step()) {
    refuse_non_finite(node->value, node->describe() + ", forward", *step);
  }
  return node;
}

void record(Node& node, const std::vector<Tensor>& inputs, JointRule rule) {
  node.requires_grad = true;
  node.inputs.reserve(inputs.size());
  for (const Tensor& input : inputs) node.inputs.push_back({input.node(), input.node()->version});
  node.rule = std::move(rule);
}

}  // namespace

Tensor make_op(OpName op, Array y, const std::vector<Tensor>& inputs, JointRule rule) {
  const bool needs_grad = any_requires_grad(op.text, inputs) && grad_enabled();
  auto node = make_node(op.text, std::move(y));
  if (needs_grad) record(*node, inputs, std::move(rule));
  return Tensor(std::move(node));
}

Tensor make_op(OpName op, Array y, std::vector<Edge> edges) {
  std::vector<Tensor> inputs;
  std::vector<EdgeRule> rules;
  inputs.reserve(edges.size());
  rules.reserve(edges.size());
  for (Edge& edge : edges) {
    inputs.push_back(std::move(edge.input));
    rules.push_back(std::move(edge.rule));
  }
  return make_op(op, std::move(y), inputs, [rules = std::move(rules)](BackwardPass& pass) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (pass.needs(i)) pass.give(i, rules[i](pass.g(), pass.y()));
    }
  });
}

std::vector<Tensor> make_ops(OpName op, std::vector<Array> outputs, const std::vector<Tensor>& inputs, JointRule rule) {
  if (outputs.empty()) raise<StateError>(op.text, "an operation needs at least one output");
  const bool needs_grad = any_requires_grad(op.text, inputs) && grad_enabled();
  std::vector<Tensor> tensors;
  tensors.reserve(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto node = make_node(op.text, std::move(outputs[i]));
    if (needs_grad && i > 0) {
      node->requires_grad = true;
      node->primary = tensors.front().node();
      node->output_index = i;
    }
    tensors.emplace_back(std::move(node));
  }
  if (needs_grad) {
    Node& first = *tensors.front().node();
    record(first, inputs, std::move(rule));
    first.other_gradients.resize(outputs.size() - 1);
  }
  return tensors;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
