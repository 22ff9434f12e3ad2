#include "apps/check/graph_leaves.h"

#include <algorithm>
#include <unordered_set>

#include "autograd/node.h"

namespace headlight::inline HEADLIGHT_PRECISION {

std::vector<GraphLeaf> trained_leaves(const Tensor& result) {
  std::vector<GraphLeaf> leaves;
  std::unordered_set<const Node*> seen{result.node().get()};
  std::vector<const Node*> waiting{result.node().get()};
  while (!waiting.empty()) {
    const Node& node = *waiting.back();
    waiting.pop_back();
    if (node.primary != nullptr && seen.insert(node.primary.get()).second) waiting.push_back(node.primary.get());
    for (const NodeInput& input : node.inputs) {
      if (!input.node->requires_grad || !seen.insert(input.node.get()).second) continue;
      if (input.node->is_leaf()) leaves.push_back({Tensor(input.node), node.describe()});
      waiting.push_back(input.node.get());
    }
  }
  std::sort(leaves.begin(), leaves.end(),
            [](const GraphLeaf& a, const GraphLeaf& b) { return a.tensor.node()->id < b.tensor.node()->id; });
  return leaves;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
