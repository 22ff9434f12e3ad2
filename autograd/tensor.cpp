#include "autograd/tensor.h"

#include <atomic>
#include <utility>

#include "autograd/node.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

std::atomic<std::uint64_t> next_id{0};
std::atomic<std::size_t> live_nodes{0};

using NodeQueue = std::vector<std::shared_ptr<Node>, PoolAllocator<std::shared_ptr<Node>>>;
// The queue of the outermost dying node on this thread; a plain pointer, so that it is still valid at exit.
thread_local NodeQueue* dying = nullptr;

}  // namespace

Node::Node(Array y)
    : value(std::move(y)), layer_path(current_layer_path()), id(next_id.fetch_add(1, std::memory_order_relaxed)) {
  live_nodes.fetch_add(1, std::memory_order_relaxed);
}

// A node that dies hands its inputs to a queue which the outermost destructor empties: the depth of the recursion is
// two, however long the chain. The rule goes while the queue is open, and after the inputs are in it: a rule may hold
// handles of its own to the same inputs, which then are not the last ones.
Node::~Node() {
  live_nodes.fetch_sub(1, std::memory_order_relaxed);
  if (inputs.empty() && primary == nullptr && rule == nullptr && hooks == nullptr) return;
  NodeQueue own;
  const bool outermost = dying == nullptr;
  if (outermost) dying = &own;
  for (NodeInput& input : inputs) dying->push_back(std::move(input.node));
  if (primary != nullptr) dying->push_back(std::move(primary));
  rule = nullptr;
  hooks.reset();
  if (!outermost) return;
  while (!own.empty()) {
    const std::shared_ptr<Node> next = std::move(own.back());
    own.pop_back();
  }
  dying = nullptr;
}

std::string Node::describe() const {
  if (!label.empty()) return "`" + label + "`";
  std::string text = is_leaf() ? "a leaf of shape " + to_string(value.shape()) : "`" + std::string(op) + "`";
  if (!layer_path->empty()) text += " in layer `" + *layer_path + "`";
  return text;
}

std::size_t live_node_count() { return live_nodes.load(); }

Tensor::Tensor(Array value, bool requires_grad) : node_(std::make_shared<Node>(std::move(value))) {
  node_->requires_grad = requires_grad;
}

Node& Tensor::checked(const char* member) const {
  if (node_ == nullptr) raise<StateError>(member, "the tensor is empty", {}, "give it a value first");
  return *node_;
}

const Array& Tensor::value() const { return checked("value").value; }
const Shape& Tensor::shape() const { return checked("shape").value.shape(); }
std::size_t Tensor::size() const { return checked("size").value.size(); }

std::size_t Tensor::extent(std::ptrdiff_t axis) const { return shape()[checked_axis(axis, rank(), "extent")]; }

Real Tensor::item() const {
  const Array& only = checked("item").value;
  if (only.size() != 1) {
    raise<ShapeError>("item", "the tensor has more or less than one element", "shape " + to_string(only.shape()),
                      "reduce it first, for example with sum()");
  }
  return *only.data();
}

bool Tensor::is_leaf() const { return checked("is_leaf").is_leaf(); }
bool Tensor::requires_grad() const { return checked("requires_grad").requires_grad; }

void Tensor::set_requires_grad(bool requires_grad) const {
  Node& node = checked("set_requires_grad");
  if (!node.is_leaf()) {
    raise<StateError>("set_requires_grad", "only a leaf can be frozen or thawed", "this is " + node.describe(),
                      "use detach() to cut the history of a result");
  }
  node.requires_grad = requires_grad;
}

bool Tensor::has_grad() const { return checked("has_grad").has_gradient; }

const Array& Tensor::grad() const {
  const Node& node = checked("grad");
  if (!node.has_gradient) {
    raise<StateError>("grad", "no gradient has reached this tensor", node.describe(),
                      node.requires_grad ? "call backward() on a value computed from it"
                                         : "it does not require a gradient: see set_requires_grad");
  }
  return *node.gradient;
}

void Tensor::zero_grad() const {
  Node& node = checked("zero_grad");
  node.has_gradient = false;
  if (!node.gradient_is_placed) node.gradient.reset();
}

void Tensor::assign(const Array& value) const {
  Node& node = checked("assign");
  if (!node.is_leaf()) {
    raise<StateError>("assign", "only a leaf can be assigned to", "this is " + node.describe());
  }
  if (node.value.shape() != value.shape()) {
    raise<ShapeError>("assign", "the shapes differ",
                      to_string(value.shape()) + " into " + node.describe() + " " + to_string(node.value.shape()));
  }
  copy_into(node.value, value);
  ++node.version;
}

Tensor Tensor::detach() const { return Tensor(Array(checked("detach").value)); }

void Tensor::on_gradient(GradientHook hook) const {
  Node& node = checked("on_gradient");
  if (!node.requires_grad) {
    raise<StateError>("on_gradient", "no gradient will reach this tensor", node.describe(),
                      "it does not require a gradient: see set_requires_grad");
  }
  if (node.hooks == nullptr) node.hooks = std::make_unique<Node::Hooks>();
  node.hooks->hooks.push_back(std::move(hook));
}

const std::string& Tensor::label() const { return checked("label").label; }
void Tensor::set_label(std::string label) const { checked("set_label").label = std::move(label); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
