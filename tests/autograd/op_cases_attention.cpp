#include "autograd/ops/attention.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

struct AttentionSetting {
  std::string what;
  std::size_t batch, queries, keys, heads, head_size, value_size;
  Mask mask = {};
  double dropout = 0;
  std::size_t kv_heads = 0;
};

std::vector<AttentionSetting> settings() {
  Booleans allowed = Booleans({std::uint8_t{1}, std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{1}});
  Booleans hides_all_of_member_0(Shape{2, 1, 1, 3});
  for (std::size_t i = 0; i < 6; ++i) hides_all_of_member_0.data()[i] = i < 3 ? 1 : 0;
  return {{"one of everything", 1, 1, 1, 1, 1, 1},
          {"self-attention", 2, 3, 3, 2, 2, 2},
          {"cross-attention, wide values", 1, 2, 4, 2, 3, 2},
          {"causal", 2, 4, 4, 1, 2, 2, Mask::causal()},
          {"causal over a rectangle", 1, 2, 4, 2, 2, 1, Mask::causal()},
          {"padding and causal", 2, 3, 3, 2, 1, 2, Mask::causal() & Mask::padding({3, 1})},
          {"allowed keys", 1, 3, 4, 1, 2, 2, Mask::allow(allowed)},
          {"hidden rows", 2, 2, 3, 1, 2, 2, Mask::forbid(hides_all_of_member_0)},
          {"bias per head", 1, 2, 3, 2, 2, 2, Mask::bias(drawn({1, 2, 2, 3}, -1, 1, 700))},
          {"window", 1, 5, 5, 1, 2, 2, Mask::causal() & Mask::window(2)},
          {"dropout with a fixed key", 2, 3, 3, 2, 2, 2, {}, 0.4},
          {"grouped heads", 2, 3, 4, 4, 2, 1, Mask::causal(), 0, 2},
          {"multi-query", 1, 2, 3, 3, 1, 2, {}, 0.3, 1}};
}

}  // namespace

std::vector<OpCase> attention_cases() {
  std::vector<OpCase> cases;
  for (const AttentionSetting& s : settings()) {
    const std::size_t kv_heads = s.kv_heads == 0 ? s.heads : s.kv_heads;
    const AttentionOptions options{.heads = s.heads,
                                   .kv_heads = s.kv_heads,
                                   .mask = s.mask,
                                   .dropout = s.dropout,
                                   .dropout_key = {.seed = 5, .stream = 1, .step = 9}};
    const std::vector<Array> inputs{drawn({s.batch, s.queries, s.heads * s.head_size}, -2, 2, 701),
                                    drawn({s.batch, s.keys, kv_heads * s.head_size}, -2, 2, 702),
                                    drawn({s.batch, s.keys, kv_heads * s.value_size}, -2, 2, 703)};
    for (const bool composed : {false, true}) {
      const auto run = [options, composed](const std::vector<Tensor>& x) {
        return composed ? composed_attention(x[0], x[1], x[2], options) : attention(x[0], x[1], x[2], options);
      };
      const std::string op = composed ? "composed_attention" : "attention";
      cases.push_back(
          {op, s.what, "in [-2, 2], smooth", inputs, [run](const std::vector<Tensor>& x) { return run(x).output; }});
      cases.push_back({op, s.what + ", the weights", "in [-2, 2], smooth", inputs,
                       [run](const std::vector<Tensor>& x) { return run(x).weights; }});
    }
  }
  const AttentionOptions two_heads{.heads = 2};
  cases.push_back(
      {"attention",
       "one input for all three",
       "in [-2, 2], smooth",
       {drawn({2, 3, 4}, -2, 2, 704)},
       [two_heads](const std::vector<Tensor>& x) { return attention(x[0], x[0], x[0], two_heads).output; }});
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
