#include "autograd/ops/attention_stages.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <utility>

#include "autograd/make_op.h"
#include "autograd/ops/attention_head.h"
#include "autograd/ops/attention_tiles.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/parallel.h"
#include "core/reduction.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Extents of a product between heads; (B, H, Tq, Tk) is its matrix side.
struct Sizes {
  std::size_t batch, heads, kv_heads, queries, keys, width;

  std::size_t group() const { return heads / kv_heads; }
  std::size_t plane() const { return queries * keys; }
};

void check_groups(const char* where, std::size_t heads, std::size_t kv_heads) {
  if (heads == 0) raise<ConfigError>(where, "there must be at least one head");
  if (kv_heads == 0 || heads % kv_heads != 0) {
    raise<ConfigError>(where, fmt::format("{} kv heads do not divide {} heads", kv_heads, heads), {},
                       "each key and value head serves the same number of heads");
  }
}

Sizes score_sizes(const Tensor& query, const Tensor& key, const AttentionScoreOptions& options) {
  const char* const where = "attention_scores";
  const auto shapes = [&] { return fmt::format("query {}, key {}", to_string(query.shape()), to_string(key.shape())); };
  const std::size_t kv_heads = options.kv_heads == 0 ? options.heads : options.kv_heads;
  check_groups(where, options.heads, kv_heads);
  if (!std::isfinite(options.scale)) {
    raise<ConfigError>(where, "the scale is not finite", fmt::format("{}", options.scale));
  }
  if (query.rank() != 3 || key.rank() != 3) raise<ShapeError>(where, "query and key must be (B, T, C)", shapes());
  if (query.extent(0) != key.extent(0)) raise<ShapeError>(where, "the batches differ", shapes());
  const std::size_t width = query.extent(2) / options.heads;
  if (width == 0 || query.extent(2) != width * options.heads || key.extent(2) != width * kv_heads) {
    raise<ShapeError>(where, fmt::format("the widths do not fit {} heads and {} kv heads", options.heads, kv_heads),
                      shapes(), "project the query to heads * size and the key to kv_heads * size");
  }
  return {query.extent(0), options.heads, kv_heads, query.extent(1), key.extent(1), width};
}

}  // namespace

Array sum_groups(Array per_head, std::size_t kv_heads, std::size_t heads) {
  if (kv_heads == heads) return per_head;
  const std::size_t batch = per_head.shape()[0];
  const std::size_t time = per_head.shape()[1];
  const std::size_t size = per_head.shape()[2] / heads;
  const Array grouped = reshaped(std::move(per_head), {batch, time, kv_heads, heads / kv_heads, size});
  return reshaped(sum_to(grouped, {batch, time, kv_heads, 1, size}), {batch, time, kv_heads * size});
}

Tensor attention_scores(const Tensor& query, const Tensor& key, const AttentionScoreOptions& options) {
  const Sizes s = score_sizes(query, key, options);
  const Real scale = options.scale;
  Array logits = uninitialized({s.batch, s.heads, s.queries, s.keys});
  parallel_for(s.batch * s.heads, [&](std::size_t i) {
    const Head head(i, s.heads);
    const Head kv = head.shared_by(s.group(), s.heads);
    Real* const plane = logits.data() + i * s.plane();
    gemm(1, head.slice(query.value(), s.width), transposed(kv.slice(key.value(), s.width)), 0,
         {plane, s.queries, s.keys, s.keys});
    // As a pass of its own: the product is rounded before it is scaled, as in attention().
    if (scale != 1) {
      for (std::size_t j = 0; j < s.plane(); ++j) plane[j] *= scale;
    }
  });
  const auto mask = std::make_shared<const MaskRows>(options.mask, logits.shape());
  return make_op("attention_scores", std::move(logits), {query, key}, [s, scale, mask](BackwardPass& pass) {
    Array g = pass.take_g();
    Array dquery(pass.x(0).shape());
    Array dkey = sums_by_keys({s.batch, s.keys, s.heads * s.width}, s.queries);
    const Tiles tiles(s.queries, s.keys, *mask);
    parallel_for(s.batch * s.heads, [&](std::size_t i) {
      const Head head(i, s.heads);
      const ConstMatrix head_key = head.shared_by(s.group(), s.heads).slice(pass.x(1), s.width);
      const ConstMatrix head_query = head.slice(pass.x(0), s.width);
      Real* const plane = g.data() + i * s.plane();
      if (scale != 1) {
        for (std::size_t j = 0; j < s.plane(); ++j) plane[j] *= scale;
      }
      for (std::size_t left = tiles.count(); left > 0; --left) {
        const Tile tile = tiles(head, left - 1);
        const ConstMatrix dscores = tile.within(std::as_const(g).data() + i * s.plane(), s.keys);
        gemm(1, dscores, rows_of(head_key, tile.begin, tile.keys()), 0,
             rows_of(head.slice(dquery, s.width), tile.query, tile.rows));
        add_by_keys(dscores, rows_of(head_query, tile.query, tile.rows), tile, left == tiles.count(),
                    head.slice(dkey, s.width));
      }
    });
    pass.give(0, std::move(dquery));
    pass.give(1, sum_groups(std::move(dkey), s.kv_heads, s.heads));
  });
}

Tensor attention_mix(const Tensor& weights, const Tensor& value, const AttentionMixOptions& options) {
  const char* const where = "attention_mix";
  const auto shapes = [&] {
    return fmt::format("weights {}, value {}", to_string(weights.shape()), to_string(value.shape()));
  };
  if (weights.rank() != 4 || value.rank() != 3) {
    raise<ShapeError>(where, "weights must be (B, H, Tq, Tk) and value (B, Tk, C)", shapes());
  }
  const std::size_t heads = weights.extent(1);
  const std::size_t kv_heads = options.kv_heads == 0 ? heads : options.kv_heads;
  check_groups(where, heads, kv_heads);
  if (weights.extent(0) != value.extent(0)) raise<ShapeError>(where, "the batches differ", shapes());
  if (weights.extent(3) != value.extent(1)) {
    raise<ShapeError>(where, "the weights are over another number of keys than value has", shapes());
  }
  if (value.extent(2) % kv_heads != 0) {
    raise<ShapeError>(where, fmt::format("the value's width is no multiple of {} heads", kv_heads), shapes());
  }
  const Sizes s{weights.extent(0), heads, kv_heads, weights.extent(2), weights.extent(3), value.extent(2) / kv_heads};
  Array z = uninitialized({s.batch, s.queries, s.heads * s.width});
  const auto mask = std::make_shared<const MaskRows>(options.mask, weights.shape());
  const Tiles tiles(s.queries, s.keys, *mask);
  parallel_for(s.batch * s.heads, [&](std::size_t i) {
    const Head head(i, s.heads);
    const ConstMatrix head_value = head.shared_by(s.group(), s.heads).slice(value.value(), s.width);
    const Real* const plane = weights.value().data() + i * s.plane();
    for (std::size_t t = 0; t < tiles.count(); ++t) {
      const Tile tile = tiles(head, t);
      gemm(1, tile.within(plane, s.keys), rows_of(head_value, tile.begin, tile.keys()), 0,
           rows_of(head.slice(z, s.width), tile.query, tile.rows));
    }
  });
  return make_op("attention_mix", std::move(z), {weights, value}, [s, mask](BackwardPass& pass) {
    const Array& g = pass.g();
    Array dweights = zeros(pass.x(0).shape());
    Array dvalue = sums_by_keys({s.batch, s.keys, s.heads * s.width}, s.queries);
    const Tiles inner(s.queries, s.keys, *mask);
    parallel_for(s.batch * s.heads, [&](std::size_t i) {
      const Head head(i, s.heads);
      const ConstMatrix head_value = head.shared_by(s.group(), s.heads).slice(pass.x(1), s.width);
      const Real* const plane = pass.x(0).data() + i * s.plane();
      for (std::size_t left = inner.count(); left > 0; --left) {
        const Tile tile = inner(head, left - 1);
        const ConstMatrix dz = rows_of(head.slice(g, s.width), tile.query, tile.rows);
        add_by_keys(tile.within(plane, s.keys), dz, tile, left == inner.count(), head.slice(dvalue, s.width));
        gemm(1, dz, transposed(rows_of(head_value, tile.begin, tile.keys())), 0,
             tile.within(dweights.data() + i * s.plane(), s.keys));
      }
    });
    pass.give(0, std::move(dweights));
    pass.give(1, sum_groups(std::move(dvalue), s.kv_heads, s.heads));
  });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
