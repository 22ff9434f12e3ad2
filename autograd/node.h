#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

class BackwardPass;

/// One input of an operation: where its gradient goes, and which version of the value the operation saw.
struct NodeInput {
  std::shared_ptr<Node> node;
  std::uint64_t version;
};

/// One value of the graph. Ids increase, so a consumer always has a larger id than its inputs: sorted by id, the nodes
/// are in topological order without any search.
struct Node {
  explicit Node(Array y);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Array value;
  /// A leaf's accumulated gradient; on other nodes the gradient collected so far during one backward pass.
  /// It counts only while has_gradient is true: the array of a parameter in a flat buffer stays for good.
  std::optional<Array> gradient;
  bool has_gradient = false;
  bool gradient_is_placed = false;
  bool requires_grad = false;
  bool queued = false;    ///< waits in the queue of a running backward pass
  bool released = false;  ///< inputs and rule were dropped by backward(Graph::release)

  std::string_view op;            ///< empty for a leaf
  const std::string* layer_path;  ///< the layer whose forward() made this node; never null
  std::uint64_t id;
  std::uint64_t version = 0;
  std::vector<NodeInput> inputs;
  std::function<void(BackwardPass&)> rule;

  /// For an operation with several outputs the first one carries the rule, and the others point to it.
  std::shared_ptr<Node> primary;
  std::size_t output_index = 0;
  /// Gradients of the further outputs, waiting on the primary node; empty when there is only one output.
  std::vector<std::optional<Array>> other_gradients;

  struct Hooks {
    std::vector<GradientHook> hooks;
    std::optional<Array> leaf_share;  ///< this pass's gradient of a leaf, before the hooks have seen it
  };
  std::unique_ptr<Hooks> hooks;
  std::string label;

  bool is_leaf() const { return op.empty(); }
  /// "`head.weight`", "`linear` in layer `head`", "a leaf of shape (2, 3)": for messages.
  std::string describe() const;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
