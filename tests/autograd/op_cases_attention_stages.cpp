#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/attention_stages.h"
#include "autograd/ops/heads.h"
#include "autograd/ops/pair_scores.h"
#include "autograd/ops/rope.h"
#include "core/shape.h"
#include "tests/autograd/op_cases.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {
namespace {

using Index = std::vector<std::size_t>;

struct Layout {
  std::size_t batch, queries, keys, heads, kv_heads, size;

  Shape query() const { return {batch, queries, heads * size}; }
  Shape key() const { return {batch, keys, kv_heads * size}; }
  Shape logits() const { return {batch, heads, queries, keys}; }
  /// The column of element d of head h, in the key of the group it belongs to.
  std::size_t key_column(std::size_t h, std::size_t d) const { return h / (heads / kv_heads) * size + d; }
};

const std::vector<Layout> kLayouts{{1, 1, 1, 1, 1, 1}, {2, 3, 4, 2, 2, 3}, {1, 2, 3, 4, 2, 1},
                                   {2, 2, 2, 3, 1, 2}, {1, 1, 5, 6, 2, 2}, {1, 3, 2, 2, 1, 17}};

std::string name_of(const Layout& l) {
  return to_string(l.logits()) + ", size " + std::to_string(l.size) + ", kv heads " + std::to_string(l.kv_heads);
}

/// Logits by a function of the elements of query and key.
Reference pair_reference(
    const Layout& l,
    const std::function<double(std::size_t h, std::size_t d, double q, double k, const std::vector<Array>& x)>& term) {
  return [l, term](const std::vector<Array>& x) {
    return by_index(l.logits(), [&](const Index& i) {
      double sum = 0;
      for (std::size_t d = 0; d < l.size; ++d) {
        sum +=
            term(i[1], d, at(x[0], {i[0], i[2], i[1] * l.size + d}), at(x[1], {i[0], i[3], l.key_column(i[1], d)}), x);
      }
      return sum;
    });
  };
}

void add_score_cases(std::vector<OpCase>& cases) {
  double scale = 1;
  for (const Layout& l : kLayouts) {
    const std::vector<Array> inputs{drawn(l.query(), -2, 2, 720), drawn(l.key(), -2, 2, 721)};
    const AttentionScoreOptions options{.heads = l.heads, .kv_heads = l.kv_heads, .scale = static_cast<Real>(scale)};
    cases.push_back({"attention_scores", name_of(l), "in [-2, 2], bilinear", inputs,
                     [options](const std::vector<Tensor>& x) { return attention_scores(x[0], x[1], options); },
                     pair_reference(l, [scale](auto, auto, double q, double k, auto&) { return scale * q * k; })});
    cases.push_back(
        {"distance_scores", name_of(l), "in [-2, 2], smooth", inputs,
         [l, scale](const std::vector<Tensor>& x) {
           return distance_scores(x[0], x[1], static_cast<Real>(scale), l.heads, l.kv_heads);
         },
         pair_reference(l, [scale](auto, auto, double q, double k, auto&) { return -scale * (q - k) * (q - k); })});
    std::vector<Array> with_vector = inputs;
    with_vector.push_back(drawn({l.heads, l.size}, -2, 2, 722));
    cases.push_back(
        {"additive_scores", name_of(l), "in [-2, 2], smooth", with_vector,
         [l](const std::vector<Tensor>& x) { return additive_scores(x[0], x[1], x[2], l.heads, l.kv_heads); },
         pair_reference(l, [](std::size_t h, std::size_t d, double q, double k, const std::vector<Array>& x) {
           return at(x[2], {h, d}) * std::tanh(q + k);
         })});
    scale /= 2;
    const Layout v{l.batch, l.queries, l.keys, l.heads, l.kv_heads, l.size};
    cases.push_back({"attention_mix",
                     name_of(l),
                     "in [-2, 2], bilinear",
                     {drawn(v.logits(), -1, 1, 723), drawn(v.key(), -2, 2, 724)},
                     [v](const std::vector<Tensor>& x) { return attention_mix(x[0], x[1], {.kv_heads = v.kv_heads}); },
                     [v](const std::vector<Array>& x) {
                       return by_index(v.query(), [&](const Index& i) {
                         const std::size_t h = i[2] / v.size;
                         double sum = 0;
                         for (std::size_t k = 0; k < v.keys; ++k) {
                           sum += at(x[0], {i[0], h, i[1], k}) * at(x[1], {i[0], k, v.key_column(h, i[2] % v.size)});
                         }
                         return sum;
                       });
                     }});
  }
}

void add_layout_cases(std::vector<OpCase>& cases) {
  for (const Layout& l : kLayouts) {
    const Shape split{l.batch, l.kv_heads, l.keys, l.size};
    cases.push_back(
        {"split_heads",
         name_of(l),
         "in [-2, 2], linear",
         {drawn(l.key(), -2, 2, 725)},
         [l](const std::vector<Tensor>& x) { return split_heads(x[0], l.kv_heads); },
         [l, split](const std::vector<Array>& x) {
           return by_index(split, [&](const Index& i) { return at(x[0], {i[0], i[2], i[1] * l.size + i[3]}); });
         }});
    cases.push_back({"merge_heads",
                     name_of(l),
                     "in [-2, 2], linear",
                     {drawn(split, -2, 2, 726)},
                     [](const std::vector<Tensor>& x) { return merge_heads(x[0]); },
                     [l](const std::vector<Array>& x) {
                       return by_index(l.key(), [&](const Index& i) {
                         return at(x[0], {i[0], i[2] / l.size, i[1], i[2] % l.size});
                       });
                     }});
    cases.push_back({"repeat_heads",
                     name_of(l),
                     "in [-2, 2], linear",
                     {drawn(l.key(), -2, 2, 727)},
                     [l](const std::vector<Tensor>& x) { return repeat_heads(x[0] * Real{1}, l.kv_heads, l.heads); },
                     [l](const std::vector<Array>& x) {
                       return by_index({l.batch, l.keys, l.heads * l.size}, [&](const Index& i) {
                         return at(x[0], {i[0], i[1], l.key_column(i[2] / l.size, i[2] % l.size)});
                       });
                     }});
  }
}

void add_rope_cases(std::vector<OpCase>& cases) {
  struct Setting {
    Shape shape;
    RopeOptions options;
  };
  const std::vector<Setting> settings{{{1, 1, 2}, {.heads = 1, .offset = 3}},
                                      {{2, 4, 8}, {.heads = 2}},
                                      {{2, 4, 8}, {.heads = 2, .pairing = RopePairing::adjacent}},
                                      {{1, 5, 6}, {.heads = 1, .base = 100, .offset = 7}},
                                      {{1, 5, 6},
                                       {.heads = 1, .pairing = RopePairing::adjacent, .base = 100, .offset = -7}},
                                      {{3, 2, 12}, {.heads = 3, .base = 2, .offset = -1}}};
  for (const Setting& s : settings) {
    const std::string pairing = s.options.pairing == RopePairing::halves ? ", halves" : ", adjacent";
    cases.push_back({"rope",
                     to_string(s.shape) + pairing,
                     "in [-2, 2], linear",
                     {drawn(s.shape, -2, 2, 728)},
                     [s](const std::vector<Tensor>& x) { return rope(x[0], s.options); },
                     [s](const std::vector<Array>& x) {
                       const std::size_t size = s.shape[2] / s.options.heads;
                       return by_index(s.shape, [&](const Index& i) {
                         const std::size_t d = i[2] % size;
                         const bool halves = s.options.pairing == RopePairing::halves;
                         const std::size_t pair = halves ? d % (size / 2) : d / 2;
                         const bool second = halves ? d >= size / 2 : d % 2 == 1;
                         const std::size_t step = halves ? size / 2 : 1;
                         const std::size_t partner = second ? i[2] - step : i[2] + step;
                         const double position = static_cast<double>(s.options.offset) + static_cast<double>(i[1]);
                         const double angle = position * std::pow(s.options.base, -2.0 * static_cast<double>(pair) /
                                                                                      static_cast<double>(size));
                         const double other = at(x[0], {i[0], i[1], partner});
                         return at(x[0], i) * std::cos(angle) + (second ? other : -other) * std::sin(angle);
                       });
                     }});
  }
}

struct Masked {
  std::string what;
  Shape shape;
  Mask mask = {};
  Array bias = {};  ///< what the mask adds; a scalar for nothing
};

std::vector<Masked> masked_settings() {
  Booleans some(Shape{2, 1, 3, 4});
  for (std::size_t i = 0; i < some.size(); ++i) some.data()[i] = i % 3 == 0 || i < 4 ? 0 : 1;
  const Array bias = drawn({2, 1, 4}, -1, 1, 730);
  return {{"no mask", {1, 2, 2, 3}},
          {"one by one", {1, 1, 1, 1}},
          {"causal", {1, 2, 4, 4}, Mask::causal()},
          {"wide rows, a window on both sides", {1, 1, 19, 19}, Mask::window(3, Side::both)},
          {"a hidden row", {2, 2, 3, 4}, Mask::allow(some)},
          {"bias per head and padding", {2, 2, 3, 4}, Mask::bias(bias) & Mask::padding({3, 0}), bias}};
}

bool shows(const Masked& m, const Index& i, std::size_t k) {
  return m.mask.explain(m.shape, i[0], i[1], i[2], k).empty();
}

double biased(const Masked& m, const Array& logits, const Index& i, std::size_t k) {
  const double bias = m.bias.dimension() == 0 ? 0.0 : at(m.bias, {i[1], 0, k});
  return at(logits, {i[0], i[1], i[2], k}) + bias;
}

/// The weight of key `wanted` in the row of i, or of the sink (no key), from the definition.
double weight(const Masked& m, const AttentionWeightOptions& options, const std::vector<Array>& x, const Index& i,
              std::optional<std::size_t> wanted) {
  std::vector<std::pair<double, std::size_t>> keys;
  for (std::size_t k = 0; k < m.shape[3]; ++k) {
    if (shows(m, i, k)) keys.emplace_back(biased(m, x[0], i, k), k);
  }
  const auto count = static_cast<double>(keys.size());
  if (options.kind == AttentionKind::sigmoid) {
    if (!shows(m, i, *wanted)) return 0;
    return 1 / (1 + std::exp(-(biased(m, x[0], i, *wanted) - std::log(count))));
  }
  if (options.kind == AttentionKind::top_k && keys.size() > options.top_k) {
    std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    keys.resize(options.top_k);
  }
  double total = 0;
  double own = 0;
  if (x.size() > 1) {
    total = std::exp(at(x[1], {i[0], i[1], i[2]}));
    if (!wanted) own = total;
  }
  for (const auto& [logit, k] : keys) {
    total += std::exp(logit);
    if (wanted && k == *wanted) own = std::exp(logit);
  }
  return total == 0 ? 0 : own / total;
}

void add_weight_cases(std::vector<OpCase>& cases) {
  const std::vector<std::pair<std::string, AttentionWeightOptions>> kinds{{"softmax", {}},
                                                                          {"sigmoid", {.kind = AttentionKind::sigmoid}},
                                                                          {"top 2",
                                                                           {.kind = AttentionKind::top_k, .top_k = 2}}};
  for (const Masked& m : masked_settings()) {
    // A quarter apart and with a bias besides: no two logits of a row change places within a step of a difference.
    Array logits = distinct(m.shape, 731);
    for (Real& value : flat(logits)) value *= Real{0.125};
    for (const auto& [kind, options] : kinds) {
      cases.push_back({"attention_weights",
                       kind + ", " + m.what,
                       "multiples of 1/32, no ties",
                       {logits},
                       [m, options = options](const std::vector<Tensor>& x) {
                         return attention_weights(x[0], m.mask, options).weights;
                       },
                       [m, options = options](const std::vector<Array>& x) {
                         return by_index(m.shape, [&](const Index& i) { return weight(m, options, x, i, i[3]); });
                       }});
      if (options.kind == AttentionKind::sigmoid) continue;
      const Shape rows{m.shape[0], m.shape[1], m.shape[2]};
      const std::vector<Array> with_sink{logits, drawn(rows, -1, 1, 732)};
      cases.push_back({"attention_weights", kind + " with a sink, " + m.what, "multiples of 1/32, no ties", with_sink,
                       [m, options = options](const std::vector<Tensor>& x) {
                         return attention_weights(x[0], m.mask, options, x[1]).weights;
                       },
                       [m, options = options](const std::vector<Array>& x) {
                         return by_index(m.shape, [&](const Index& i) { return weight(m, options, x, i, i[3]); });
                       }});
      cases.push_back({"attention_weights", kind + ", the sink's weight, " + m.what, "multiples of 1/32, no ties",
                       with_sink,
                       [m, options = options](const std::vector<Tensor>& x) {
                         return attention_weights(x[0], m.mask, options, x[1]).sink;
                       },
                       [m, options = options, rows](const std::vector<Array>& x) {
                         return by_index(rows, [&](const Index& i) { return weight(m, options, x, i, std::nullopt); });
                       }});
    }
    cases.push_back({"zero_hidden",
                     m.what,
                     "in [-2, 2], linear",
                     {drawn(m.shape, -2, 2, 733)},
                     [m](const std::vector<Tensor>& x) { return zero_hidden(x[0], m.mask); },
                     [m](const std::vector<Array>& x) {
                       return by_index(m.shape, [&](const Index& i) { return shows(m, i, i[3]) ? at(x[0], i) : 0.0; });
                     }});
  }
}

}  // namespace

std::vector<OpCase> attention_stage_cases() {
  std::vector<OpCase> cases;
  add_score_cases(cases);
  add_layout_cases(cases);
  add_rope_cases(cases);
  add_weight_cases(cases);
  return cases;
}

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
