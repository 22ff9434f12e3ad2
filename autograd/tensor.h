#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct Node;

/// What backward() does with the graph it walks.
enum class Graph {
  keep,     ///< it stays whole; a second backward() adds the same gradients once more
  release,  ///< each node lets go of its inputs and saved values as soon as it has been used: less memory while training
};

/// Called with the finished gradient of a tensor during backward(); may change it in place, but not its shape.
using GradientHook = std::function<void(Array& g)>;

/// A value in a graph of operations, as a handle: copies share the value, its gradient and its history.
///
/// A leaf is a tensor that no operation made: an input or a parameter. backward() accumulates gradients in the leaves
/// that require them; gradients of intermediate values are dropped once used.
/// Every member but the constructors, defined() and node() throws StateError on an empty handle.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(Array value, bool requires_grad = false);
  explicit Tensor(std::shared_ptr<Node> node) noexcept : node_(std::move(node)) {}

  bool defined() const noexcept { return node_ != nullptr; }
  const Array& value() const;
  const Shape& shape() const;
  std::size_t rank() const { return shape().size(); }
  std::size_t size() const;
  /// Extent of an axis; negative axes count from the end. Throws ShapeError.
  std::size_t extent(std::ptrdiff_t axis) const;
  /// The only element. Throws ShapeError unless size() is 1.
  Real item() const;

  bool is_leaf() const;
  bool requires_grad() const;
  /// Freezes or thaws a leaf, for graphs made before too. Throws StateError on an operation's result: detach() it.
  void set_requires_grad(bool requires_grad) const;

  bool has_grad() const;
  /// dL/d(this). Throws StateError, naming the tensor, when no gradient has reached it.
  const Array& grad() const;
  void zero_grad() const;

  /// Writes a new value into a leaf, in place. A graph that used the old value refuses to run backward.
  /// Throws ShapeError when the shape differs, StateError on the result of an operation.
  void assign(const Array& value) const;

  /// Gradients of this scalar for every leaf that requires one, added to what is there.
  /// Throws ShapeError unless size() is 1; StateError when nothing requires a gradient, the graph was released or a leaf
  /// changed. When it, or a rule, throws, the gradients of the leaves are undefined: zero_grad() before trying again.
  void backward(Graph graph = Graph::keep) const;
  /// The same for sum(this * seed); seed has this tensor's shape.
  void backward(const Array& seed, Graph graph = Graph::keep) const;

  /// A copy of the value as a leaf without history, which no gradient passes.
  Tensor detach() const;

  /// Calls the hook when backward() has finished this gradient (of a leaf: its share). StateError if it requires none.
  void on_gradient(GradientHook hook) const;

  /// The dotted name of a parameter, "" for everything else; used in messages.
  const std::string& label() const;
  void set_label(std::string label) const;

  const std::shared_ptr<Node>& node() const { return node_; }

 private:
  Node& checked(const char* member) const;

  std::shared_ptr<Node> node_;
};

/// Nodes alive in this process: 0 again once every handle is gone.
std::size_t live_node_count();

}  // namespace headlight::inline HEADLIGHT_PRECISION
