#include "autograd/ops/pair_scores.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "autograd/make_op.h"
#include "autograd/ops/attention_head.h"
#include "core/error.h"
#include "core/kernels/pair_scores.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct Pairs {
  std::size_t batch, heads, kv_heads, queries, keys, width;

  Shape logits_shape() const { return {batch, heads, queries, keys}; }

  /// Calls f(i, pair, q, k) for each pair of each head i: `pair` is its place among the logits, q and k are the offsets
  /// of its query and key in arrays whose key side has `key_heads` heads.
  template <class F>
  void for_each(std::size_t key_heads, F f) const {
    parallel_for(batch * heads, [&](std::size_t i) {
      const std::size_t b = i / heads;
      const std::size_t h = i % heads;
      const std::size_t key_head = h / (heads / key_heads);
      for (std::size_t q = 0; q < queries; ++q) {
        for (std::size_t k = 0; k < keys; ++k) {
          f(i, (i * queries + q) * keys + k, ((b * queries + q) * heads + h) * width,
            ((b * keys + k) * key_heads + key_head) * width);
        }
      }
    });
  }

  /// Where the gradient of a pair's key goes in an array with a place of its own per head.
  std::size_t own_key(std::size_t i, std::size_t pair) const {
    return (((i / heads) * keys + pair % keys) * heads + i % heads) * width;
  }
};

Pairs checked(const char* where, const Tensor& query, const Tensor& key, std::size_t heads, std::size_t kv_heads) {
  const auto shapes = [&] { return fmt::format("query {}, key {}", to_string(query.shape()), to_string(key.shape())); };
  if (heads == 0 || kv_heads == 0 || heads % kv_heads != 0) {
    raise<ConfigError>(where, fmt::format("{} kv heads do not divide {} heads", kv_heads, heads), {},
                       "each key head serves the same number of heads");
  }
  if (query.rank() != 3 || key.rank() != 3) raise<ShapeError>(where, "query and key must be (B, T, C)", shapes());
  if (query.extent(0) != key.extent(0)) raise<ShapeError>(where, "the batches differ", shapes());
  const std::size_t width = query.extent(2) / heads;
  if (width == 0 || query.extent(2) != width * heads || key.extent(2) != width * kv_heads) {
    raise<ShapeError>(where, fmt::format("the widths do not fit {} heads and {} kv heads", heads, kv_heads), shapes());
  }
  return {query.extent(0), heads, kv_heads, query.extent(1), key.extent(1), width};
}

}  // namespace

Tensor additive_scores(const Tensor& query, const Tensor& key, const Tensor& vector, std::size_t heads,
                       std::size_t kv_heads) {
  const Pairs pairs = checked("additive_scores", query, key, heads, kv_heads);
  if (vector.shape() != Shape{heads, pairs.width}) {
    raise<ShapeError>("additive_scores", "the vector must be (H, D)",
                      fmt::format("vector {}, {} heads of size {}", to_string(vector.shape()), heads, pairs.width));
  }
  Array logits = uninitialized(pairs.logits_shape());
  pairs.for_each(kv_heads, [&](std::size_t i, std::size_t pair, std::size_t q, std::size_t k) {
    logits.data()[pair] = kernels::additive_score(query.value().data() + q, key.value().data() + k,
                                                  vector.value().data() + i % pairs.heads * pairs.width, pairs.width);
  });
  return make_op("additive_scores", std::move(logits), {query, key, vector}, [pairs](BackwardPass& pass) {
    const Array& g = pass.g();
    Array dquery = zeros(pass.x(0).shape());
    Array dkey = zeros({pairs.batch, pairs.keys, pairs.heads * pairs.width});
    Array dvector = zeros({pairs.batch, pairs.heads, pairs.width});
    pairs.for_each(pairs.kv_heads, [&](std::size_t i, std::size_t pair, std::size_t q, std::size_t k) {
      kernels::add_additive_gradients(pass.x(0).data() + q, pass.x(1).data() + k,
                                      pass.x(2).data() + i % pairs.heads * pairs.width, g.data()[pair],
                                      dquery.data() + q, dkey.data() + pairs.own_key(i, pair),
                                      dvector.data() + i * pairs.width, pairs.width);
    });
    pass.give(0, std::move(dquery));
    pass.give(1, sum_groups(std::move(dkey), pairs.kv_heads, pairs.heads));
    pass.give(2, sum_to(dvector, {pairs.heads, pairs.width}));
  });
}

Tensor distance_scores(const Tensor& query, const Tensor& key, Real scale, std::size_t heads, std::size_t kv_heads) {
  const Pairs pairs = checked("distance_scores", query, key, heads, kv_heads);
  if (!std::isfinite(scale)) {
    raise<ConfigError>("distance_scores", "the scale is not finite", fmt::format("{}", scale));
  }
  Array logits = uninitialized(pairs.logits_shape());
  pairs.for_each(kv_heads, [&](std::size_t, std::size_t pair, std::size_t q, std::size_t k) {
    logits.data()[pair] =
        -scale * kernels::squared_distance(query.value().data() + q, key.value().data() + k, pairs.width);
  });
  return make_op("distance_scores", std::move(logits), {query, key}, [pairs, scale](BackwardPass& pass) {
    const Array& g = pass.g();
    Array dquery = zeros(pass.x(0).shape());
    Array dkey = zeros({pairs.batch, pairs.keys, pairs.heads * pairs.width});
    pairs.for_each(pairs.kv_heads, [&](std::size_t i, std::size_t pair, std::size_t q, std::size_t k) {
      kernels::add_distance_gradients(pass.x(0).data() + q, pass.x(1).data() + k, -2 * scale * g.data()[pair],
                                      dquery.data() + q, dkey.data() + pairs.own_key(i, pair), pairs.width);
    });
    pass.give(0, std::move(dquery));
    pass.give(1, sum_groups(std::move(dkey), pairs.kv_heads, pairs.heads));
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
