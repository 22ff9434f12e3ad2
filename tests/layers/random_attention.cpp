#include "tests/layers/random_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/common/arrays.h"
#include "tests/layers/reference_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

using testing::drawn;

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  /// From 1 to n.
  std::size_t size(std::size_t n) { return 1 + below(n); }

 private:
  std::mt19937_64 engine_;
};

MultiHeadAttentionOptions random_options(Dice& dice, bool self) {
  MultiHeadAttentionOptions o{.d_model = dice.size(4), .heads = dice.size(4)};
  do {
    o.kv_heads = dice.size(o.heads);
  } while (o.heads % o.kv_heads != 0);
  o.head_size = dice.size(3);
  o.value_size = dice.size(3);
  o.out_size = dice.size(4);
  if (!self) {
    o.key_width = dice.size(4);
    o.value_width = dice.size(4);
  }
  o.bias = !dice.one_in(4);
  o.combine = dice.one_in(3) ? CombineKind::sum : CombineKind::concat;
  const std::size_t score = dice.below(8);
  if (score < 6) {
    o.score = static_cast<ScoreKind>(score);
  } else if (score == 6) {
    o.user_score = [](const ScoreSize& size, Init&) { return std::make_unique<LeaningDot>(size, 0.5); };
  }
  o.weights = static_cast<AttentionKind>(dice.below(3));
  if (o.weights == AttentionKind::top_k) o.top_k = dice.size(3);
  if (dice.one_in(3)) {
    o.value = ValueKind::conv1d;
    o.value_kernel = dice.size(4);
  }
  if (dice.one_in(3)) o.window = dice.size(4);
  if (o.weights != AttentionKind::sigmoid) o.sink = static_cast<SinkKind>(dice.below(3));
  if (dice.one_in(3)) o.softcap = 0.5 + static_cast<double>(dice.size(3));
  o.qk_norm = o.score != ScoreKind::cosine && dice.one_in(3);
  o.talking_heads = dice.one_in(3);
  o.positions = static_cast<AttentionPositions>(dice.below(4));
  if (o.positions == AttentionPositions::rope) {
    if (o.user_score == nullptr && (o.score == ScoreKind::additive || o.score == ScoreKind::bilinear)) {
      o.score = ScoreKind::dot;
    }
    o.head_size = 2 * dice.size(2);
    o.rope_pairing = static_cast<RopePairing>(dice.below(2));
    o.rope_base = dice.one_in(2) ? 10000 : 10;
  }
  // Normalised, numbers and multiples of one vector are equal but for the sign: ties, between which top-k jumps.
  if ((o.score == ScoreKind::cosine || o.qk_norm) && o.weights == AttentionKind::top_k) {
    o.head_size = std::max<std::size_t>(o.head_size, 2);
    o.bias = true;
  }
  if (o.positions == AttentionPositions::relative) o.max_distance = dice.size(4);
  return o;
}

std::string words(const MultiHeadAttentionOptions& o) {
  static const char* const kWeights[] = {"softmax", "sigmoid", "top_k"};
  static const char* const kSinks[] = {"no", "zero", "learned"};
  static const char* const kPositions[] = {"no", "rope", "alibi", "relative"};
  return fmt::format(
      "heads {}/{}, sizes {}/{}, score {}, weights {} {}, {} sink, value kernel {}, window {}, softcap {}, qk_norm {}, "
      "talking {}, {} positions, {}",
      o.heads, o.kv_heads, o.head_size, o.value_size, o.user_score ? "user's" : name_of(o.score),
      kWeights[static_cast<std::size_t>(o.weights)], o.top_k, kSinks[static_cast<std::size_t>(o.sink)], o.value_kernel,
      o.window, o.softcap, o.qk_norm, o.talking_heads, kPositions[static_cast<std::size_t>(o.positions)],
      o.combine == CombineKind::sum ? "sum" : "concat");
}

}  // namespace

RandomAttention random_attention(std::uint64_t n, bool causal) {
  Dice dice(1000 * n + (causal ? 1 : 0));
  RandomAttention r;
  r.self = causal || dice.one_in(2);
  r.options = random_options(dice, r.self);
  r.what = fmt::format("combination {}: {}", n, words(r.options));
  const std::size_t batch = dice.size(2), queries = dice.size(5), keys = r.self ? queries : dice.size(5);
  r.query = drawn({batch, queries, r.options.d_model}, -1.5, 1.5, n + 1);
  r.key = r.self ? r.query : drawn({batch, keys, r.options.key_width}, -1.5, 1.5, n + 2);
  r.value = r.self ? r.query : drawn({batch, keys, r.options.value_width}, -1.5, 1.5, n + 3);
  r.bias = scalar(0);
  if (causal) {
    r.mask = Mask::causal();
    return r;
  }
  if (dice.one_in(2)) r.mask = r.mask & Mask::causal(dice.one_in(4) ? Align::starts : Align::ends);
  if (dice.one_in(3)) {
    std::vector<std::size_t> lengths(batch);
    for (std::size_t& length : lengths) length = dice.below(keys + 1);
    r.mask = r.mask & Mask::padding(lengths);
  }
  if (dice.one_in(6)) r.mask = r.mask & Mask::window(dice.size(4), dice.one_in(2) ? Side::both : Side::back);
  if (dice.one_in(4)) {
    r.bias = drawn({r.options.heads, 1, keys}, -1, 1, n + 4);
    r.mask = r.mask & Mask::bias(r.bias);
  }
  if (dice.one_in(3)) {
    Booleans hidden(Shape{dice.one_in(2) ? 1 : batch, dice.one_in(2) ? 1 : r.options.heads, queries, keys});
    for (std::uint8_t& byte : hidden) byte = dice.one_in(4) ? 1 : 0;
    r.mask = r.mask & Mask::forbid(hidden);
  }
  return r;
}

std::unique_ptr<MultiHeadAttention> build(const RandomAttention& random) {
  Init init(3);
  auto layer = std::make_unique<MultiHeadAttention>(random.options, init);
  std::uint64_t seed = 100;
  for (const NamedParameter& parameter : layer->parameters()) {
    const bool gain = parameter.name.ends_with("gain");
    parameter.tensor.assign(drawn(parameter.tensor.shape(), gain ? 0.5 : -0.9, gain ? 1.5 : 0.9, seed++));
  }
  return layer;
}

std::uint64_t combinations(std::uint64_t usual) {
  const char* const wanted = std::getenv("HEADLIGHT_COMBINATIONS");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
