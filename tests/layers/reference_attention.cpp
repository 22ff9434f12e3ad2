#include "tests/layers/reference_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/ops.h"
#include "core/error.h"
#include "layers/registry.h"
#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {
namespace {

using testing::by_index;
using Index = std::vector<std::size_t>;

const RegisterScore leaning_dot{"leaning_dot", [](const LayerConfig& config, const ScoreSize& size, Init&) {
                                  return std::make_unique<LeaningDot>(size, config.number("lean", 0.5));
                                }};

class Reference {
 public:
  Reference(const MultiHeadAttention& layer, const Mask& mask) : o_(layer.options()), layer_(layer), mask_(mask) {}

  ReferenceResult run(const Tensor& query, const Tensor& key, const Tensor& value, const Array& bias) const {
    const std::size_t queries = query.extent(1), keys = key.extent(1);
    const auto ahead = static_cast<std::ptrdiff_t>(keys) - static_cast<std::ptrdiff_t>(queries);
    const Tensor q = placed(normed(split(dense("query", query), o_.heads), "query_gain"), ahead);
    const Tensor k = repeated(placed(normed(split(dense("key", key), o_.kv_heads), "key_gain"), 0));
    const Tensor v =
        repeated(split(o_.value == ValueKind::dense ? dense("value", value) : convolved(value), o_.kv_heads));
    const bool has_sink = o_.sink != SinkKind::none;

    Tensor logits = capped(score(q, k));
    Tensor sink_logits;
    if (o_.sink == SinkKind::zero) sink_logits = Tensor(zeros({q.extent(0), o_.heads, queries, 1}));
    if (o_.sink == SinkKind::learned) sink_logits = capped(score(q, sink_row("sink_key")));
    logits = talked(logits, "talking_scores");
    if (has_sink) sink_logits = talked(sink_logits, "talking_scores");
    logits = logits + position_bias(queries, keys) + Tensor(bias);

    const Shape shape{q.extent(0), o_.heads, queries, keys};
    const Tokens visible = visible_keys(shape);
    ReferenceResult result;
    if (o_.weights == AttentionKind::sigmoid) {
      result.weights = where(Condition(visible), sigmoid(logits - counts(visible)), Real{0});
    } else {
      const Tokens chosen = o_.weights == AttentionKind::top_k ? largest(visible, logits.value()) : visible;
      Tensor e = where(Condition(chosen), exp(where(Condition(chosen), logits, Real{0})), Real{0});
      Tensor total = sum(e, {.axes = {-1}, .keep_dims = true});
      if (has_sink) total = total + exp(sink_logits);
      total = maximum(total, Tensor(scalar(std::numeric_limits<Real>::min())));
      result.weights = e / total;
      if (has_sink) result.sink = exp(sink_logits) / total;
    }
    if (o_.talking_heads) {
      result.weights = where(Condition(visible), talked(result.weights, "talking_weights"), Real{0});
      if (has_sink) result.sink = talked(result.sink, "talking_weights");
    }
    Tensor z = matmul(result.weights, v);
    if (o_.sink == SinkKind::learned) z = z + result.sink * sink_row("sink_value");
    if (o_.combine == CombineKind::sum) {
      result.output = dense("output", sum(z, {.axes = {1}}));
    } else {
      const Shape joined{z.extent(0), queries, o_.heads * o_.value_size};
      result.output = dense("output", reshape(transpose(z, {0, 2, 1, 3}), joined));
    }
    return result;
  }

 private:
  Tensor parameter(const std::string& name) const {
    for (const NamedParameter& parameter : layer_.parameters()) {
      if (parameter.name == name) return parameter.tensor;
    }
    raise<StateError>("reference", "the layer has no parameter " + name);
  }

  Tensor with_bias(const Tensor& y, const std::string& name) const {
    return o_.bias ? y + parameter(name + ".bias") : y;
  }
  Tensor dense(const std::string& name, const Tensor& x) const {
    return with_bias(matmul(x, parameter(name + ".weight"), {.transpose_b = true}), name);
  }

  Tensor split(const Tensor& x, std::size_t heads) const {
    return transpose(reshape(x, Shape{x.extent(0), x.extent(1), heads, x.extent(2) / heads}), {0, 2, 1, 3});
  }

  /// Each head's own copy of the key head that it shares.
  Tensor repeated(const Tensor& x) const {
    std::vector<Tensor> heads;
    for (std::size_t h = 0; h < o_.heads; ++h) {
      const auto from = static_cast<std::ptrdiff_t>(h * o_.kv_heads / o_.heads);
      heads.push_back(slice(x, {.axis = 1, .begin = from, .end = from + 1}));
    }
    return concat(heads, 1);
  }

  /// Sum over taps of the shifted input times that tap's matrix.
  Tensor convolved(const Tensor& x) const {
    const std::size_t kernel = o_.value_kernel, reach = kernel - 1;
    const std::size_t before = mask_.is_causal() ? reach : reach / 2;
    const auto lengths = mask_.lengths();
    const Tensor real(by_index({x.extent(0), x.extent(1), 1},
                               [&](const Index& i) { return lengths && i[1] >= (*lengths)[i[0]] ? 0.0 : 1.0; }));
    const Tensor padded = pad(x * real, {{}, {before, reach - before}, {}});
    const Tensor weight = parameter("value.weight");
    Tensor total;
    for (std::size_t j = 0; j < kernel; ++j) {
      const auto at = static_cast<std::ptrdiff_t>(j);
      const Tensor tap =
          reshape(slice(weight, {.axis = 2, .begin = at, .end = at + 1}), Shape{weight.extent(0), weight.extent(1)});
      const Tensor shifted =
          slice(padded, {.axis = 1, .begin = at, .end = at + static_cast<std::ptrdiff_t>(x.extent(1))});
      const Tensor part = matmul(shifted, tap, {.transpose_b = true});
      total = total.defined() ? total + part : part;
    }
    return with_bias(total, "value");
  }

  Tensor normed(const Tensor& x, const std::string& gain) const {
    if (!o_.qk_norm) return x;
    const Tensor squares = mean(x * x, {.axes = {-1}, .keep_dims = true});
    const Tensor gains = parameter(gain);
    return x / sqrt(squares + static_cast<Real>(1e-6)) * reshape(gains, Shape{gains.extent(0), 1, gains.extent(1)});
  }

  /// Each position's vector times that position's rotation matrix.
  Tensor placed(const Tensor& x, std::ptrdiff_t first) const {
    if (o_.positions != AttentionPositions::rope) return x;
    const std::size_t size = o_.head_size;
    const bool halves = o_.rope_pairing == RopePairing::halves;
    const Tensor turns(by_index({x.extent(2), size, size}, [&](const Index& i) {
      const auto pair_of = [&](std::size_t d) { return halves ? d % (size / 2) : d / 2; };
      if (pair_of(i[1]) != pair_of(i[2])) return 0.0;
      const double exponent = -2.0 * static_cast<double>(pair_of(i[1])) / static_cast<double>(size);
      const double angle =
          static_cast<double>(first + static_cast<std::ptrdiff_t>(i[0])) * std::pow(o_.rope_base, exponent);
      if (i[1] == i[2]) return std::cos(angle);
      return i[1] < i[2] ? std::sin(angle) : -std::sin(angle);
    }));
    const Shape rows{x.extent(0), x.extent(1), x.extent(2), 1, size};
    return reshape(matmul(reshape(x, rows), turns), x.shape());
  }

  Tensor sink_row(const std::string& name) const {
    const Tensor row = parameter(name);
    return repeated(reshape(row, Shape{1, row.extent(0), 1, row.extent(1)}));
  }

  Tensor score(const Tensor& q, const Tensor& k) const {
    const Real root = static_cast<Real>(std::sqrt(static_cast<double>(o_.head_size)));
    const auto apart = [](const Tensor& x, std::size_t axis) {
      Shape shape(x.rank() + 1, 1);
      for (std::size_t i = 0; i < x.rank(); ++i) shape[i < axis ? i : i + 1] = x.shape()[i];
      return reshape(x, shape);
    };
    const auto per_head = [&](const Tensor& x) { return reshape(x, Shape{o_.heads, 1, 1}); };
    const Tensor dots = matmul(q, k, {.transpose_b = true});
    if (o_.user_score != nullptr) {
      const Tensor first = transpose(slice(k, {.axis = 3, .begin = 0, .end = 1}), 2, 3);
      return dots * (per_head(parameter("score.gain")) + Real{1}) + first * Real{0.5};
    }
    switch (o_.score) {
      case ScoreKind::scaled_dot:
        break;
      case ScoreKind::dot:
        return dots;
      case ScoreKind::bilinear:
        return matmul(matmul(q, parameter("score_matrix")), k, {.transpose_b = true});
      case ScoreKind::additive: {
        const Tensor v = parameter("score_vector");
        return sum(tanh(apart(q, 3) + apart(k, 2)) * reshape(v, Shape{o_.heads, 1, 1, o_.head_size}), {.axes = {-1}});
      }
      case ScoreKind::cosine: {
        const auto unit = [](const Tensor& x) { return x / sqrt(sum(x * x, {.axes = {-1}, .keep_dims = true})); };
        return matmul(unit(q), unit(k), {.transpose_b = true}) * exp(per_head(parameter("score_log_scale")));
      }
      case ScoreKind::l2: {
        const Tensor difference = apart(q, 3) - apart(k, 2);
        return sum(difference * difference, {.axes = {-1}}) / -root;
      }
    }
    return dots / root;
  }

  Tensor capped(const Tensor& x) const {
    return o_.softcap == 0 ? x : static_cast<Real>(o_.softcap) * tanh(x / static_cast<Real>(o_.softcap));
  }

  Tensor talked(const Tensor& x, const std::string& name) const {
    if (!o_.talking_heads) return x;
    const Tensor last = transpose(x, {0, 2, 3, 1});
    return transpose(matmul(last, parameter(name), {.transpose_b = true}), {0, 3, 1, 2});
  }

  Tensor position_bias(std::size_t queries, std::size_t keys) const {
    const auto distance = [&](std::size_t q, std::size_t k) {
      return static_cast<double>(k) - static_cast<double>(q) - static_cast<double>(keys) + static_cast<double>(queries);
    };
    if (o_.positions == AttentionPositions::alibi) {
      // From the paper's geometric sequences, and for three heads from its authors' code.
      static const std::vector<std::vector<double>> kExponents{{}, {8}, {4, 8}, {4, 8, 2}, {2, 4, 6, 8}};
      return Tensor(by_index({o_.heads, queries, keys}, [&](const Index& i) {
        return -std::abs(distance(i[1], i[2])) * std::exp2(-kExponents.at(o_.heads).at(i[0]));
      }));
    }
    if (o_.positions != AttentionPositions::relative) return Tensor(scalar(0));
    const Tensor table = parameter("relative_bias");
    const auto most = static_cast<double>(o_.max_distance);
    const Tensor picks(by_index({queries, keys, table.extent(0)}, [&](const Index& i) {
      return std::clamp(distance(i[0], i[1]), -most, most) + most == static_cast<double>(i[2]) ? 1.0 : 0.0;
    }));
    return transpose(matmul(picks, table), {2, 0, 1});
  }

  Tokens visible_keys(const Shape& shape) const {
    Tokens visible(shape);
    for (std::size_t i = 0; i < visible.size(); ++i) {
      const Index at = testing::index_of(i, shape);
      visible.data()[i] = is_visible(o_, mask_, shape, at[0], at[1], at[2], at[3]) ? 1 : 0;
    }
    return visible;
  }

  /// log of the number of visible keys of each row; 0 where there are none.
  Tensor counts(const Tokens& visible) const {
    const std::size_t keys = visible.shape()[3];
    Array logs = zeros({visible.shape()[0], visible.shape()[1], visible.shape()[2], 1});
    for (std::size_t row = 0; row < logs.size(); ++row) {
      const auto count = std::count(visible.data() + row * keys, visible.data() + (row + 1) * keys, 1);
      if (count > 0) logs.data()[row] = static_cast<Real>(std::log(static_cast<double>(count)));
    }
    return Tensor(std::move(logs));
  }

  Tokens largest(const Tokens& visible, const Array& logits) const {
    Tokens chosen = visible;
    const std::size_t keys = visible.shape()[3];
    for (std::size_t row = 0; row < visible.size() / keys; ++row) {
      std::vector<std::size_t> order;
      for (std::size_t k = 0; k < keys; ++k) {
        if (visible.data()[row * keys + k] != 0) order.push_back(k);
      }
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return logits.data()[row * keys + a] > logits.data()[row * keys + b];
      });
      for (std::size_t i = o_.top_k; i < order.size(); ++i) chosen.data()[row * keys + order[i]] = 0;
    }
    return chosen;
  }

  const MultiHeadAttentionOptions& o_;
  const MultiHeadAttention& layer_;
  const Mask& mask_;
};

}  // namespace

ReferenceResult reference_attention(const MultiHeadAttention& layer, const Tensor& query, const Tensor& key,
                                    const Tensor& value, const Mask& mask, const Array& bias) {
  return Reference(layer, mask).run(query, key, value, bias);
}

bool is_visible(const MultiHeadAttentionOptions& options, const Mask& mask, const Shape& logits, std::size_t b,
                std::size_t h, std::size_t q, std::size_t k) {
  if (!mask.explain(logits, b, h, q, k).empty()) return false;
  if (options.window == 0) return true;
  const auto back = static_cast<std::ptrdiff_t>(q + logits[3]) - static_cast<std::ptrdiff_t>(k + logits[2]);
  const auto window = static_cast<std::ptrdiff_t>(options.window);
  return back < window && (mask.is_causal() || -back < window);
}

LeaningDot::LeaningDot(const ScoreSize& size, double lean)
    : lean_(static_cast<Real>(lean)), gain_(parameter("gain", {zeros({size.heads}), "zeros"})) {}

Tensor LeaningDot::forward(const Tensor& query, const Tensor& key, const Context&) {
  const Tensor gains = reshape(gain_, Shape{gain_.size(), 1, 1}) + Real{1};
  const Tensor first = transpose(slice(key, {.axis = 3, .begin = 0, .end = 1}), 2, 3);
  return matmul(query, key, {.transpose_b = true}) * gains + first * lean_;
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
