#include <string>
#include <utility>
#include <vector>

#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"
#include "tests/layers/layer_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

using testing::drawn;

namespace {

const char* const kType = "multi_head_attention";
const char* const kClass = "MultiHeadAttention";

MultiHeadAttention& attention_in(Module& module) { return dynamic_cast<MultiHeadAttention&>(module); }

/// Self-attention under a mask.
LayerCase self(const std::string& what, const MultiHeadAttentionOptions& options, Mask mask, Array x) {
  return {.type = kType,
          .class_name = kClass,
          .what = what,
          .make = [options](Init& init) { return std::make_unique<MultiHeadAttention>(options, init); },
          .run =
              [mask](Module& module, const std::vector<Tensor>& inputs) {
                return attention_in(module)(inputs.at(0), {.mask = mask});
              },
          .inputs = {std::move(x)}};
}

/// attend() on three inputs.
LayerCase three(const std::string& what, const MultiHeadAttentionOptions& options, Mask mask, Array query, Array key,
                Array value) {
  LayerCase c = self(what, options, {}, std::move(query));
  c.run = [mask](Module& module, const std::vector<Tensor>& inputs) {
    return attention_in(module).attend(inputs.at(0), inputs.at(1), inputs.at(2), mask, {}).output;
  };
  c.inputs.push_back(std::move(key));
  c.inputs.push_back(std::move(value));
  return c;
}

Booleans hidden_pairs(std::size_t queries, std::size_t keys) {
  Booleans hidden(Shape{queries, keys});
  for (std::size_t i = 0; i < hidden.size(); ++i) hidden.data()[i] = i % 3 == 1 ? 1 : 0;
  for (std::size_t k = 0; k < keys; ++k) hidden.data()[k] = 1;  // the first query sees nothing
  return hidden;
}

}  // namespace

std::vector<LayerCase> attention_cases() {
  std::vector<LayerCase> cases;
  cases.push_back(from_json(kClass, "one head by default", R"({"type": "multi_head_attention", "d_model": 4})",
                            drawn({2, 3, 4}, -1, 1, 1)));
  cases.push_back(
      from_json(kClass, "from JSON with every width",
                R"({"type": "multi_head_attention", "d_model": 5, "heads": 2, "head_size": 3, "value_size": 2,
                                "out_size": 7, "bias": false})",
                drawn({2, 4, 5}, -1, 1, 2)));
  cases.push_back(self("one position, one channel", {.d_model = 1}, {}, drawn({1, 1, 1}, -1, 1, 3)));
  cases.push_back(self("causal", {.d_model = 6, .heads = 3}, Mask::causal(), drawn({2, 5, 6}, -1, 1, 4)));
  cases.push_back(self("padding, one sequence empty", {.d_model = 4, .heads = 2}, Mask::padding({3, 0}),
                       drawn({2, 4, 4}, -1, 1, 5)));
  cases.push_back(
      self("a hidden row", {.d_model = 4, .heads = 2}, Mask::forbid(hidden_pairs(4, 4)), drawn({2, 4, 4}, -1, 1, 6)));
  cases.push_back(self("a bias per head, with a window", {.d_model = 4, .heads = 2},
                       Mask::bias(drawn({2, 3, 3}, -1, 1, 7)) & Mask::window(2), drawn({2, 3, 4}, -1, 1, 8)));
  cases.push_back(three(
      "widths of their own",
      {.d_model = 6, .heads = 2, .head_size = 2, .value_size = 3, .key_width = 4, .value_width = 5, .out_size = 3}, {},
      drawn({2, 3, 6}, -1, 1, 9), drawn({2, 4, 4}, -1, 1, 10), drawn({2, 4, 5}, -1, 1, 11)));
  cases.push_back(three("causal with more keys than queries", {.d_model = 4, .heads = 2}, Mask::causal(),
                        drawn({1, 2, 4}, -1, 1, 12), drawn({1, 5, 4}, -1, 1, 13), drawn({1, 5, 4}, -1, 1, 14)));
  LayerCase cross = self("cross, memory of another width", {.d_model = 4, .heads = 2, .key_width = 6, .cross = true},
                         {}, drawn({2, 3, 4}, -1, 1, 15));
  cross.inputs.push_back(drawn({2, 5, 6}, -1, 1, 16));
  cross.run = [](Module& module, const std::vector<Tensor>& inputs) {
    return attention_in(module)(inputs.at(0), {.memory = &inputs.at(1), .memory_mask = Mask::padding({2, 5})});
  };
  cases.push_back(std::move(cross));
  LayerCase training =
      self("dropout while training", {.d_model = 4, .heads = 2, .dropout = 0.4}, {}, drawn({2, 4, 4}, -1, 1, 17));
  training.run = [](Module& module, const std::vector<Tensor>& inputs) {
    StepRandom random(11, 5);
    return attention_in(module)(inputs.at(0), {.training = true, .random = &random, .mask = Mask::causal()});
  };
  cases.push_back(std::move(training));
  LayerCase weights = self("gradient through the weights", {.d_model = 4, .heads = 2}, {}, drawn({2, 3, 4}, -1, 1, 18));
  weights.run = [](Module& module, const std::vector<Tensor>& inputs) {
    const Tensor& x = inputs.at(0);
    return attention_in(module).attend(x, x, x, Mask::causal(), {}).weights;
  };
  cases.push_back(std::move(weights));
  for (const auto& [what, keys] : std::vector<std::pair<std::string, std::string>>{
           {"grouped heads, summed", R"("heads": 4, "kv_heads": 2, "combine": "sum")"},
           {"multi-query, bilinear", R"("heads": 2, "kv_heads": 1, "score": "bilinear")"},
           {"additive, sigmoid weights", R"("heads": 2, "score": "additive", "weights": "sigmoid")"},
           {"cosine, top-k weights", R"("heads": 2, "score": "cosine", "weights": "top_k", "top_k": 2)"},
           {"distances, a window", R"("heads": 2, "score": {"type": "l2"}, "window": 2)"},
           {"dot, capped, with a zero sink", R"("score": "dot", "softcap": 2.5, "sink": "zero")"},
           {"a learned sink, talking heads", R"("heads": 2, "sink": "learned", "talking_heads": true)"},
           {"a convolution over values", R"("heads": 2, "value": "conv1d", "value_kernel": 2)"},
           {"normed and rotated", R"("heads": 2, "qk_norm": true, "positions": "rope", "rope_pairing": "adjacent")"},
           {"alibi", R"("heads": 2, "positions": "alibi")"},
           {"relative positions", R"("heads": 2, "positions": "relative", "max_distance": 2)"},
           {"a user's score", R"("heads": 2, "score": {"type": "leaning_dot", "lean": 0.25})"}}) {
    cases.push_back(from_json(kClass, what, R"({"type": "multi_head_attention", "d_model": 4, )" + keys + "}",
                              drawn({2, 3, 4}, -1, 1, 19)));
  }
  return cases;
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
