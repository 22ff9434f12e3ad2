#include "autograd/ops/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "autograd/ops/attention_head.h"
#include "autograd/ops/attention_size.h"
#include "autograd/ops/attention_tiles.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/kernels/softmax.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
AttentionSize attention_size(const Tensor& query, const Tensor& key, const Tensor& value,
                             const AttentionOptions& options) {
  const auto shapes = [&] {
    return fmt::format("query {}, key {}, value {}", to_string(query.shape()), to_string(key.shape()),
                       to_string(value.shape()));
  };
  if (query.rank() != 3 || key.rank() != 3 || value.rank() != 3) {
    raise<ShapeError>("attention", "query, key and value must be (B, T, C)", shapes());
  }
  if (query.extent(0) != key.extent(0) || key.extent(0) != value.extent(0)) {
    raise<ShapeError>("attention", "the batches differ", shapes());
  }
  if (key.extent(1) != value.extent(1)) {
    raise<ShapeError>("attention", fmt::format("key has {} positions but value has {}", key.extent(1), value.extent(1)),
                      shapes(), "pass the same sequence to both");
  }
  const std::size_t heads = options.heads;
  if (heads == 0) raise<ConfigError>("attention", "there must be at least one head");
  const std::size_t kv_heads = options.kv_heads == 0 ? heads : options.kv_heads;
  if (heads % kv_heads != 0) {
    raise<ConfigError>("attention", fmt::format("{} kv heads do not divide {} heads", kv_heads, heads), {},
                       "each key and value head serves the same number of heads");
  }
  if (query.extent(2) != heads / kv_heads * key.extent(2)) {
    raise<ShapeError>("attention", "query and key differ in width", shapes(),
                      kv_heads == heads ? "project both to heads * head size"
                                        : "project the query to heads * head size, the key to kv_heads * head size");
  }
  if (query.extent(2) == 0 || query.extent(2) % heads != 0 || value.extent(2) % kv_heads != 0) {
    raise<ShapeError>("attention", fmt::format("the widths are no multiples of {} heads", heads), shapes(),
                      "each head takes an equal slice of the last axis");
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    raise<ConfigError>("attention", "the dropout probability is outside [0, 1)", std::to_string(options.dropout));
  }
  if (options.scale && !std::isfinite(*options.scale)) {
    raise<ConfigError>("attention", "the scale is not finite", fmt::format("{}", *options.scale),
                       "leave it out for 1 / sqrt(head size)");
  }
  const std::size_t head_size = query.extent(2) / heads;
  const Real scale = options.scale.value_or(static_cast<Real>(1 / std::sqrt(static_cast<double>(head_size))));
  return {
      query.extent(0), heads, kv_heads, query.extent(1), key.extent(1), head_size, value.extent(2) / kv_heads, scale};
}

namespace {

/// Room for `planes` planes of scores per thread, so that what the pool holds does not depend on which threads meet.
void reserve_scratch(const AttentionSize& size, std::size_t planes) {
  const std::size_t elements = planes * size.queries * size.keys;
  pool_reserve(elements * sizeof(Real), std::min(thread_count(), size.batch * size.heads));
}

struct Dropout {
  double probability;
  kernels::DropoutKey key;

  /// Drops in the tile's rows of a head's plane of weights.
  void apply(const Real* from, Real* to, const AttentionSize& size, const Head& head, const Tile& tile) const {
    for (std::size_t q = tile.query; q < tile.query + tile.rows; ++q) {
      const std::size_t at = q * size.keys + tile.begin;
      kernels::dropout(from + at, to + at, tile.keys(), probability, key, head.index * size.queries * size.keys + at);
    }
  }
};

// With P the weights, P' = dropout(P) and Z = P' V:
//   dV = P'^T dZ,  dP' = dZ V^T,  dP = dropout(dP') + what reaches the weights themselves,
//   dS = scale P (dP - sum over keys of P dP),  dQ = dS K,  dK = dS^T Q.
// P is 0 at hidden keys, and so is dS: nothing flows there.
struct AttentionRule {
  AttentionSize size;
  Dropout dropout;
  std::shared_ptr<const MaskRows> mask;

  void operator()(BackwardPass& pass) const {
    const Array& query = pass.x(0);
    const Array& key = pass.x(1);
    Array dquery(query.shape());
    // Each head's own share of the gradients of keys and values, which groups of heads add up in the end.
    Array dkey = sums_by_keys({size.batch, size.keys, size.heads * size.head_size}, size.queries);
    const Shape value_shape{size.batch, size.keys, size.heads * size.value_size};
    Array dvalue = pass.g(1) != nullptr ? sums_by_keys(value_shape, size.queries) : zeros(value_shape);
    const std::size_t plane = size.queries * size.keys;
    const std::size_t planes = dropout.probability > 0 ? 2 : 1;
    reserve_scratch(size, planes);

    const Tiles tiles(size.queries, size.keys, *mask);
    parallel_for(size.batch * size.heads, [&](std::size_t i) {
      const Head head(i, size.heads);
      Array storage = uninitialized({planes * plane});
      const ConstMatrix head_key = head.shared_by(size.group(), size.heads).slice(key, size.head_size);
      const ConstMatrix head_query = head.slice(query, size.head_size);
      const Matrix head_dquery = head.slice(dquery, size.head_size);
      const Matrix head_dkey = head.slice(dkey, size.head_size);
      // From the last tile on: with a causal mask it reaches all keys, so nothing has to be cleared for the sums.
      for (std::size_t left = tiles.count(); left > 0; --left) {
        const Tile tile = tiles(head, left - 1);
        const bool first = left == tiles.count();
        dscores_of(pass, head, tile, first, storage.data(), dvalue);
        const ConstMatrix ds = tile.within(std::as_const(storage).data(), size.keys);
        gemm(1, ds, rows_of(head_key, tile.begin, tile.keys()), 0, rows_of(head_dquery, tile.query, tile.rows));
        add_by_keys(ds, rows_of(head_query, tile.query, tile.rows), tile, first, head_dkey);
      }
    });
    pass.give(0, std::move(dquery));
    pass.give(1, sum_groups(std::move(dkey), size.kv_heads, size.heads));
    pass.give(2, sum_groups(std::move(dvalue), size.kv_heads, size.heads));
  }

  /// dS of one tile, in its place of the plane at `storage`; adds the tile to dV on the way.
  void dscores_of(BackwardPass& pass, const Head& head, const Tile& tile, bool first, Real* storage,
                  Array& dvalue) const {
    const Array* const dz = pass.g(1);
    const std::size_t plane = size.queries * size.keys;
    const Real* const weights = std::as_const(pass).y().data() + head.index * plane;
    const Matrix dscores = tile.within(storage, size.keys);
    if (dz != nullptr) {
      const ConstMatrix tile_dz = rows_of(head.slice(*dz, size.value_size), tile.query, tile.rows);
      const ConstMatrix value = head.shared_by(size.group(), size.heads).slice(pass.x(2), size.value_size);
      const Real* used = weights;
      if (dropout.probability > 0) {
        dropout.apply(weights, storage + plane, size, head, tile);
        used = storage + plane;
      }
      add_by_keys(tile.within(used, size.keys), tile_dz, tile, first, head.slice(dvalue, size.value_size));
      gemm(1, tile_dz, transposed(rows_of(value, tile.begin, tile.keys())), 0, dscores);
      if (dropout.probability > 0) dropout.apply(storage, storage, size, head, tile);
    }
    const Real* const extra = pass.has_g() ? pass.g().data() + head.index * plane : nullptr;
    for (std::size_t q = tile.query; q < tile.query + tile.rows; ++q) {
      const std::size_t at = q * size.keys;
      if (extra != nullptr) {
        for (std::size_t j = at + tile.begin; j < at + tile.end; ++j) {
          storage[j] = dz != nullptr ? storage[j] + extra[j] : extra[j];
        }
      }
      // Writes zeros outside the row's own keys, so the whole tile is defined.
      const kernels::VisibleKeys seen = mask->row(head.batch, head.head, q);
      kernels::masked_softmax_backward_row(weights + at, storage + at, storage + at, size.keys, size.scale, seen.begin,
                                           seen.end);
    }
  }
};

}  // namespace

AttentionResult attention(const Tensor& query, const Tensor& key, const Tensor& value,
                          const AttentionOptions& options) {
  const AttentionSize size = attention_size(query, key, value, options);
  const auto mask = std::make_shared<const MaskRows>(options.mask, size.weights_shape());
  const Dropout dropout{options.dropout, options.dropout_key};
  Array weights = uninitialized(size.weights_shape());
  Array z = uninitialized({size.batch, size.queries, size.heads * size.value_size});
  const std::size_t plane = size.queries * size.keys;
  const std::size_t head_count = size.batch * size.heads;
  std::vector<std::size_t, PoolAllocator<std::size_t>> hidden(head_count, 0);
  if (dropout.probability > 0) reserve_scratch(size, 1);

  const Tiles tiles(size.queries, size.keys, *mask);
  parallel_for(head_count, [&](std::size_t i) {
    const Head head(i, size.heads);
    const Head kv = head.shared_by(size.group(), size.heads);
    Real* const head_weights = weights.data() + i * plane;
    const ConstMatrix head_query = head.slice(query.value(), size.head_size);
    const ConstMatrix head_key = kv.slice(key.value(), size.head_size);
    const ConstMatrix head_value = kv.slice(value.value(), size.value_size);
    Array dropped;
    if (dropout.probability > 0) dropped = uninitialized({plane});
    for (std::size_t t = 0; t < tiles.count(); ++t) {
      const Tile tile = tiles(head, t);
      gemm(1, rows_of(head_query, tile.query, tile.rows), transposed(rows_of(head_key, tile.begin, tile.keys())), 0,
           tile.within(head_weights, size.keys));
      for (std::size_t q = tile.query; q < tile.query + tile.rows; ++q) {
        Real* const row = head_weights + q * size.keys;
        const kernels::VisibleKeys seen = mask->row(head.batch, head.head, q);
        if (!kernels::masked_softmax_row(row, row, size.keys, size.scale, seen)) ++hidden[i];
      }
      const Real* used = head_weights;
      if (dropout.probability > 0) {
        dropout.apply(head_weights, dropped.data(), size, head, tile);
        used = dropped.data();
      }
      gemm(1, tile.within(used, size.keys), rows_of(head_value, tile.begin, tile.keys()), 0,
           rows_of(head.slice(z, size.value_size), tile.query, tile.rows));
    }
  });
  std::size_t hidden_rows = 0;
  for (const std::size_t count : hidden) hidden_rows += count;

  // The weights are the first output, since backward needs them and the first output's value stays with the rule.
  std::vector<Array> outputs;
  outputs.push_back(std::move(weights));
  outputs.push_back(std::move(z));
  const std::vector<Tensor> results =
      make_ops("attention", std::move(outputs), {query, key, value}, AttentionRule{size, dropout, mask});
  return {results[1], results[0], hidden_rows};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
