// MultiHeadAttention beyond gradients and parity: shapes, hand-made weights, messages.
#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/shape.h"
#include "layers/multi_head_attention.h"
#include "layers/registry.h"
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

TEST_CASE("options of an attention layer that exclude each other are refused with both keys and a way out") {
  const auto message = [](MultiHeadAttentionOptions options) {
    options.d_model = 8;
    return message_of(options);
  };
  const std::string where = "multi_head_attention: ";
  CHECK(message({.heads = 4, .kv_heads = 3}) == where + "kv_heads 3 does not divide heads 4; use 2 or 4 kv_heads");
  CHECK(message({.weights = AttentionKind::top_k}) ==
        where + "weights top_k needs the key top_k; set top_k to the number of keys that a query attends to");
  CHECK(message({.top_k = 2}) ==
        where + "top_k 2 has no meaning without weights top_k; set weights to top_k, or leave top_k out");
  CHECK(message({.weights = AttentionKind::sigmoid, .sink = SinkKind::zero}) ==
        where +
            "sink has no meaning with weights sigmoid: such weights do not compete, so a sink takes nothing from "
            "them; leave the sink out, or set weights to softmax or top_k");
  CHECK(message({.softcap = -1}) == where + "softcap must be finite and above 0; -1; leave it out for no cap");
  if (sizeof(Real) == 4) {  // floats above 0 reach from 1.4e-45 to 3.4e38
    for (const char* const value : {"1e+39", "1e-50"}) {
      CHECK(message({.softcap = std::stod(value)}) ==
            where + "softcap is 0 or infinite in the precision of this build; " + value +
                "; use a number such as 50, or leave it out for no cap");
    }
  }
  CHECK(message({.score = ScoreKind::cosine, .qk_norm = true}) ==
        where +
            "qk_norm has no meaning with score cosine, which normalises queries and keys itself; leave qk_norm out, "
            "or set score to dot");
  CHECK(message({.cross = true, .positions = AttentionPositions::alibi}) ==
        where +
            "positions has no meaning with cross: input and memory are two sequences, and no distance lies between "
            "them; leave positions out of the cross-attention");
  CHECK(message({.head_size = 3, .positions = AttentionPositions::rope}) ==
        where + "positions rope turns pairs of elements, but head_size is 3; use an even head_size");
  CHECK(message({.score = ScoreKind::additive, .positions = AttentionPositions::rope}) ==
        where +
            "positions rope has no meaning with score additive: only in dot products and distances do the rotations "
            "of query and key combine to one by their distance; set positions to alibi or relative, or score to "
            "scaled_dot");
  CHECK(message({.positions = AttentionPositions::rope, .rope_base = 0}) ==
        where + "rope_base must be finite and above 0; 0");
  CHECK(message({.max_distance = 2}) == where +
                                            "max_distance 2 has no meaning without positions relative; set "
                                            "positions to relative, or leave max_distance out");
  CHECK(message({.value_kernel = 2}) == where +
                                            "value_kernel 2 has no meaning without value conv1d; set value to "
                                            "conv1d, or leave value_kernel out");
}

TEST_CASE("the keys of an attention in a config are read strictly") {
  const auto message = [](const std::string& keys) -> std::string {
    Init init(1);
    try {
      make_layer(nlohmann::json::parse(R"({"type": "multi_head_attention", "d_model": 4, )" + keys + "}"), init);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  };
  const auto one_of = [](const char* key, const char* names, const char* given) {
    return std::string(key) + ": `" + key + "` must be one of " + names + ", not \"" + given +
           "\"; correct it in a layer of type multi_head_attention";
  };
  CHECK(message(R"("combine": "mean")") == one_of("combine", R"("concat", "sum")", "mean"));
  CHECK(message(R"("weights": "hard")") == one_of("weights", R"("softmax", "sigmoid", "top_k")", "hard"));
  CHECK(message(R"("sink": "on")") == one_of("sink", R"("none", "zero", "learned")", "on"));
  CHECK(message(R"("positions": "sinusoidal")") ==
        one_of("positions", R"("none", "rope", "alibi", "relative")", "sinusoidal"));
  CHECK_THAT(message(R"("rope_base": 100)"),
             Catch::Contains("`rope_base` has no meaning with positions other than rope"));
  CHECK(message(R"("score": "gauss")") ==
        std::string("multi_head_attention: ") +
            "there is no score `gauss`; known scores: scaled_dot, dot, bilinear, additive, cosine, l2, leaning_dot");
  CHECK_THAT(message(R"("score": {"type": "leaning_dot", "leen": 1})"),
             Catch::Contains("score.leen: unknown key `leen` in a layer of type leaning_dot"));
  CHECK_THAT(message(R"("score": {"type": "l2", "scale": 1})"),
             Catch::Contains("unknown key `scale` in a layer of type l2"));
  CHECK_THAT(message(R"("score": 3)"), Catch::Contains("`score` must be a string"));
  CHECK_THAT(message(R"("windows": 3)"), Catch::Contains("unknown key `windows`"));
}

TEST_CASE("learned parts of an attention start where their neutral or documented value is") {
  Init init(1);
  MultiHeadAttention bilinear({.d_model = 4, .heads = 2, .score = ScoreKind::bilinear}, init);
  MultiHeadAttention talking({.d_model = 4, .heads = 2, .qk_norm = true, .talking_heads = true}, init);
  MultiHeadAttention cosine(
      {.d_model = 4, .score = ScoreKind::cosine, .positions = AttentionPositions::relative, .max_distance = 1}, init);
  const auto value = [](const Module& module, const std::string& name) {
    for (const NamedParameter& parameter : module.parameters()) {
      if (parameter.name == name) return parameter.tensor.value();
    }
    return zeros({0});
  };
  const Array matrix = value(bilinear, "score_matrix");
  CHECK(to_string(matrix.shape()) == "(2, 2, 2)");
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(matrix.data()[i] == (i % 4 % 3 == 0 ? static_cast<Real>(1 / std::sqrt(2.0)) : Real{0}));
  }
  for (const char* const name : {"talking_scores", "talking_weights"}) {
    const Array mixing = value(talking, name);
    CHECK(to_string(mixing.shape()) == "(2, 2)");
    for (std::size_t i = 0; i < 4; ++i) CHECK(mixing.data()[i] == (i % 3 == 0 ? 1 : 0));
  }
  CHECK(same_bytes(value(talking, "query_gain"), full({2, 2}, 1)));
  CHECK(same_bytes(value(talking, "key_gain"), full({2, 2}, 1)));
  CHECK(same_bytes(value(cosine, "score_log_scale"), full({1}, static_cast<Real>(std::log(10.0)))));
  CHECK(same_bytes(value(cosine, "relative_bias"), zeros({3, 1})));
}

TEST_CASE("a recorder sees the weights of the sink beside those of the keys") {
  struct SinkRecording : AttentionRecorder {
    Array weights, sink;
    void record(const std::string&, const Tensor& seen, std::size_t) override { weights = seen.value(); }
    void record_sink(const std::string&, const Tensor& seen) override { sink = seen.value(); }
  };
  Init init(1);
  for (const SinkKind kind : {SinkKind::zero, SinkKind::learned}) {
    MultiHeadAttention layer({.d_model = 4, .heads = 2, .sink = kind}, init);
    SinkRecording recorder;
    layer(Tensor(drawn({1, 2, 4}, -1, 1, 1)), {.mask = Mask::padding({0}), .recorder = &recorder});
    // With every key hidden all the weight is the sink's.
    CHECK(same_bytes(recorder.weights, zeros({1, 2, 2, 2})));
    CHECK(same_bytes(recorder.sink, full({1, 2, 2}, 1)));
  }
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
