// MultiHeadAttention beyond gradients and parity: shapes, hand-made weights, messages.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/shape.h"
#include "layers/multi_head_attention.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::drawn;

namespace {

std::string message_of(const MultiHeadAttentionOptions& options) {
  Init init(1);
  try {
    MultiHeadAttention layer(options, init);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("the widths of queries, keys, values, heads and output are all free") {
  Init init(1);
  MultiHeadAttention layer(
      {.d_model = 6, .heads = 3, .head_size = 4, .value_size = 5, .key_width = 7, .value_width = 8, .out_size = 9},
      init);
  const AttentionOutput result = layer.attend(Tensor(drawn({2, 3, 6}, -1, 1, 1)), Tensor(drawn({2, 4, 7}, -1, 1, 2)),
                                              Tensor(drawn({2, 4, 8}, -1, 1, 3)), {}, {});
  CHECK(to_string(result.output.shape()) == "(2, 3, 9)");
  CHECK(to_string(result.weights.shape()) == "(2, 3, 3, 4)");
  CHECK(to_string(result.heads.shape()) == "(2, 3, 15)");
  CHECK(result.hidden_rows == 0);
}

TEST_CASE("a row that sees nothing gives a zero head result and the output projection's bias") {
  Init init(1, {.scheme = InitScheme::torch});
  MultiHeadAttention layer({.d_model = 4, .heads = 2}, init);
  const Tensor x(drawn({2, 3, 4}, -1, 1, 1), true);
  for (const NamedParameter& parameter : layer.parameters()) {
    if (parameter.name == "output.bias") parameter.tensor.assign(drawn({4}, 1, 2, 2));
  }
  const AttentionOutput result = layer.attend(x, x, x, Mask::padding({3, 0}), {});
  CHECK(result.hidden_rows == 6);  // 3 queries in 2 heads
  for (std::size_t t = 0; t < 3; ++t) {
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(headlight::testing::at(result.heads.value(), {1, t, c}) == 0);
      CHECK(headlight::testing::at(result.output.value(), {1, t, c}) ==
            headlight::testing::at(layer.parameters().back().tensor.value(), {c}));
    }
  }
  result.output.backward(drawn({2, 3, 4}, -1, 1, 3));
  const Real* const hidden = x.grad().data() + 12;  // member 1 reaches the output through the bias alone
  CHECK(std::all_of(hidden, hidden + 12, [](Real g) { return g == 0; }));
}

TEST_CASE("a number of heads that does not divide d_model is refused with the nearest that do") {
  const std::string end = " heads, or set head_size";
  CHECK(message_of({.d_model = 12, .heads = 5}) ==
        "multi_head_attention: d_model 12 is no multiple of 5 heads; use 4 or 6" + end);
  CHECK(message_of({.d_model = 7, .heads = 5}) ==
        "multi_head_attention: d_model 7 is no multiple of 5 heads; use 1 or 7" + end);
  CHECK(message_of({.d_model = 12, .heads = 13}) ==
        "multi_head_attention: d_model 12 is no multiple of 13 heads; use 12" + end);
  CHECK(message_of({.d_model = 64, .heads = 6}) ==
        "multi_head_attention: d_model 64 is no multiple of 6 heads; use 4 or 8" + end);
  CHECK(message_of({.d_model = 12, .heads = 5, .head_size = 3}) == "no error");
}

TEST_CASE("options of an attention layer that mean nothing are refused") {
  CHECK(message_of({.d_model = 0}) == "multi_head_attention: d_model and heads must be at least 1; d_model 0, heads 1");
  CHECK(message_of({.d_model = 4, .heads = 0}) ==
        "multi_head_attention: d_model and heads must be at least 1; d_model 4, heads 0");
  CHECK(message_of({.d_model = 4, .dropout = 1}) ==
        "multi_head_attention: the dropout probability is outside [0, 1); 1.000000");
  CHECK(message_of({.d_model = 4, .dropout = -0.5}) ==
        "multi_head_attention: the dropout probability is outside [0, 1); -0.500000");
}

TEST_CASE("attention says what is missing: memory, randomness, equal lengths") {
  Init init(1);
  MultiHeadAttention cross({.d_model = 4, .cross = true}, init);
  const Tensor x(drawn({1, 2, 4}, -1, 1, 1));
  CHECK_THROWS_WITH(cross(x, {}),
                    "multi_head_attention: cross-attention needs a memory to attend to; Context::memory is "
                    "null in ``; run it behind an encoder, or set the memory");
  MultiHeadAttention dropping({.d_model = 4, .dropout = 0.5}, init);
  CHECK_THROWS_WITH(dropping(x, {.training = true}),
                    "multi_head_attention: training needs a source of randomness; Context::random is null; give the "
                    "context a StepRandom(seed, step)");
  CHECK_NOTHROW(dropping(x, {}));
  MultiHeadAttention plain({.d_model = 4}, init);
  CHECK_THROWS_WITH(
      plain.attend(x, Tensor(zeros({1, 3, 4})), Tensor(zeros({1, 2, 4})), {}, {}),
      "attention: key has 3 positions but value has 2; query (1, 2, 4), key (1, 3, 4), value (1, 2, 4); pass "
      "the same sequence to both");
  CHECK_THROWS_AS(plain(Tensor(zeros({1, 2, 5})), {}), ShapeError);
}
