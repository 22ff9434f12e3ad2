#include <algorithm>
#include <utility>

#include "autograd/make_op.h"
#include "autograd/node.h"
#include "autograd/non_finite.h"
#include "autograd/scopes.h"
#include "core/elementwise.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The nodes that have received a gradient and wait for their turn, largest id first: every consumer of a node is
/// used before the node itself, so one ordered sweep needs neither recursion nor a topological sort.
class BackwardQueue {
 public:
  /// Adds a gradient to what has been collected for a node, and queues the node.
  void add(const std::shared_ptr<Node>& node, Array dx) {
    if (node->is_leaf() && node->hooks == nullptr) {
      add_to(*node, std::move(dx));
      return;
    }
    if (node->is_leaf()) {
      std::optional<Array>& share = node->hooks->leaf_share;
      if (share.has_value()) {
        add_into(*share, dx);
      } else {
        share = std::move(dx);
      }
    } else {
      add_to(*node, std::move(dx));
    }
    push(node);
  }

  void push(const std::shared_ptr<Node>& node) {
    if (node->queued) return;
    node->queued = true;
    heap_.push_back(node);
    std::push_heap(heap_.begin(), heap_.end(), older);
  }

  std::shared_ptr<Node> pop() {
    std::pop_heap(heap_.begin(), heap_.end(), older);
    std::shared_ptr<Node> node = std::move(heap_.back());
    heap_.pop_back();
    node->queued = false;
    return node;
  }

  bool empty() const { return heap_.empty(); }

  /// Forgets everything collected: what is left when a rule has thrown.
  void abandon() noexcept {
    for (const auto& node : heap_) {
      node->queued = false;
      forget(*node);
    }
    heap_.clear();
  }

  static void forget(Node& node) noexcept {
    if (node.hooks != nullptr) node.hooks->leaf_share.reset();
    for (auto& gradient : node.other_gradients) gradient.reset();
    if (node.is_leaf()) return;
    node.gradient.reset();
    node.has_gradient = false;
  }

  static void add_to(Node& node, Array dx) {
    if (node.has_gradient) {
      add_into(*node.gradient, dx);
    } else if (node.gradient_is_placed) {
      copy_into(*node.gradient, dx);
    } else {
      node.gradient = std::move(dx);
    }
    node.has_gradient = true;
  }

 private:
  static bool older(const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) { return a->id < b->id; }

  std::vector<std::shared_ptr<Node>, PoolAllocator<std::shared_ptr<Node>>> heap_;
};

namespace {

// A rule gives gradients through its BackwardPass; this is the queue they go to. Backward passes may nest (a rule may
// run one of its own), so each restores what it found.
thread_local BackwardQueue* current_queue = nullptr;

void refuse_non_finite_gradients(const Node& node) {
  const std::uint64_t* const step = non_finite_step();
  if (step == nullptr) return;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Node& input = *node.inputs[i].node;
    const std::string what = node.describe() + ", backward, for input " + std::to_string(i);
    if (input.has_gradient) refuse_non_finite(*input.gradient, what, *step);
    if (input.hooks != nullptr && input.hooks->leaf_share.has_value()) {
      refuse_non_finite(*input.hooks->leaf_share, what, *step);
    }
  }
}

void check_inputs_unchanged(const Node& node) {
  for (const NodeInput& input : node.inputs) {
    if (input.node->version == input.version) continue;
    raise<StateError>("backward", input.node->describe() + " was changed after " + node.describe() + " had used it",
                      "its shape is " + to_string(input.node->value.shape()),
                      "run forward again before backward, and step the optimiser only after backward");
  }
}

void run_hooks(const Node& node, Array& g) {
  if (node.hooks == nullptr) return;
  for (const GradientHook& hook : node.hooks->hooks) {
    hook(g);
    if (g.shape() == node.value.shape()) continue;
    raise<ShapeError>("on_gradient", "the hook has changed the shape of the gradient",
                      to_string(g.shape()) + " for " + node.describe() + " " + to_string(node.value.shape()));
  }
  if (const std::uint64_t* step = non_finite_step()) refuse_non_finite(g, "a hook on " + node.describe(), *step);
}

void visit(const std::shared_ptr<Node>& shared, BackwardQueue& queue, Graph graph) {
  Node& node = *shared;
  if (node.is_leaf()) {
    Array share = std::move(*node.hooks->leaf_share);
    node.hooks->leaf_share.reset();
    run_hooks(node, share);
    BackwardQueue::add_to(node, std::move(share));
    return;
  }
  if (node.released) {
    raise<StateError>("backward", "the graph behind " + node.describe() + " was released", {},
                      "run forward again, or call the first backward with Graph::keep");
  }
  if (node.has_gradient) run_hooks(node, *node.gradient);
  if (node.primary != nullptr) {
    node.primary->other_gradients[node.output_index - 1] = std::move(node.gradient);
    node.gradient.reset();
    node.has_gradient = false;
    queue.push(node.primary);
    return;
  }
  check_inputs_unchanged(node);
  // Leaves may have been frozen since forward. A rule of one input alone need not ask: it runs when that is needed.
  const bool needed = std::any_of(node.inputs.begin(), node.inputs.end(),
                                  [](const NodeInput& input) { return input.node->requires_grad; });
  if (needed) {
    BackwardPass pass(node);
    node.rule(pass);
    refuse_non_finite_gradients(node);
  }
  BackwardQueue::forget(node);
  if (graph == Graph::release) {
    node.inputs.clear();
    node.rule = nullptr;
    node.released = true;
  }
}

}  // namespace

const Array& BackwardPass::g() {
  if (taken_) raise<StateError>(node_.op, "g() after take_g(): the gradient is gone");
  if (!node_.has_gradient) {
    node_.gradient = zeros(node_.value.shape());
    node_.has_gradient = true;
  }
  return *node_.gradient;
}

Array BackwardPass::take_g() {
  g();
  taken_ = true;
  return std::move(*node_.gradient);
}

const Array* BackwardPass::g(std::size_t output) const {
  if (output == 0 || output > node_.other_gradients.size()) {
    raise<StateError>(node_.op, "there is no further output " + std::to_string(output));
  }
  const auto& gradient = node_.other_gradients[output - 1];
  return gradient.has_value() ? &*gradient : nullptr;
}

bool BackwardPass::has_g() const { return node_.has_gradient && !taken_; }
const Array& BackwardPass::y() const { return node_.value; }

void BackwardPass::check_input(std::size_t input) const {
  if (input >= node_.inputs.size()) {
    raise<StateError>(node_.op, "the rule names input " + std::to_string(input),
                      "the operation has " + std::to_string(node_.inputs.size()));
  }
}

const Array& BackwardPass::x(std::size_t input) const {
  check_input(input);
  return node_.inputs[input].node->value;
}

bool BackwardPass::needs(std::size_t input) const {
  check_input(input);
  return node_.inputs[input].node->requires_grad;
}

void BackwardPass::give(std::size_t input, Array dx) {
  if (!needs(input)) return;
  const std::shared_ptr<Node>& to = node_.inputs[input].node;
  if (dx.shape() != to->value.shape()) {
    if (!broadcasts_to(to->value.shape(), dx.shape())) {
      raise<ShapeError>(node_.op,
                        "the backward rule returned a gradient of the wrong shape for input " + std::to_string(input),
                        to_string(dx.shape()) + " for an input of shape " + to_string(to->value.shape()),
                        "return the shape of the input, or the shape it was broadcast to");
    }
    dx = reduce_to(dx, to->value.shape(), node_.op);
  }
  current_queue->add(to, std::move(dx));
}

GradientTarget BackwardPass::target(std::size_t input) {
  if (!needs(input)) {
    raise<StateError>(node_.op, "target() of an input that needs no gradient", "input " + std::to_string(input),
                      "ask needs() before");
  }
  const std::shared_ptr<Node>& to = node_.inputs[input].node;
  if (to->is_leaf() && to->hooks != nullptr) {
    std::optional<Array>& share = to->hooks->leaf_share;
    const bool accumulates = share.has_value();
    if (!accumulates) share = Array(to->value.shape());
    current_queue->push(to);
    return {*share, accumulates};
  }
  const bool accumulates = to->has_gradient;
  if (!accumulates && !to->gradient_is_placed) to->gradient = Array(to->value.shape());
  to->has_gradient = true;
  if (!to->is_leaf()) current_queue->push(to);
  return {*to->gradient, accumulates};
}

void Tensor::backward(Graph graph) const {
  const Shape& own = checked("backward").value.shape();
  if (size() != 1) {
    raise<ShapeError>("backward", "the tensor is not a scalar", "shape " + to_string(own),
                      "reduce it first, for example with sum(), or pass a seed of its shape");
  }
  backward(full(own, Real{1}), graph);
}

void Tensor::backward(const Array& seed, Graph graph) const {
  Node& root = checked("backward");
  if (seed.shape() != root.value.shape()) {
    raise<ShapeError>("backward", "the seed has another shape than the tensor",
                      to_string(seed.shape()) + " for " + to_string(root.value.shape()));
  }
  if (!root.requires_grad) {
    raise<StateError>("backward", "nothing here requires a gradient", root.describe(),
                      "compute it from a parameter, outside of NoGrad");
  }
  BackwardQueue queue;
  BackwardQueue* const previous = std::exchange(current_queue, &queue);
  std::shared_ptr<Node> node;
  try {
    queue.add(node_, seed);
    while (!queue.empty()) {
      node = queue.pop();
      visit(node, queue, graph);
    }
  } catch (...) {
    if (node != nullptr) BackwardQueue::forget(*node);
    queue.abandon();
    current_queue = previous;
    throw;
  }
  current_queue = previous;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
