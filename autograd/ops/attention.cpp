#include "autograd/ops/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "autograd/ops/attention_size.h"
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
  if (query.extent(2) != key.extent(2)) {
    raise<ShapeError>("attention", "query and key differ in width", shapes(), "project both to heads * head size");
  }
  const std::size_t heads = options.heads;
  if (heads == 0) raise<ConfigError>("attention", "there must be at least one head");
  if (query.extent(2) == 0 || query.extent(2) % heads != 0 || value.extent(2) % heads != 0) {
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
  return {query.extent(0), heads, query.extent(1), key.extent(1), head_size, value.extent(2) / heads, scale};
}

namespace {

using Scratch = std::vector<Real, PoolAllocator<Real>>;

/// One head of one batch member: its index among all (b, h), and its slices.
struct Head {
  std::size_t batch, head, index;

  Head(const AttentionSize& size, std::size_t i) : batch(i / size.heads), head(i % size.heads), index(i) {}

  /// The head's columns of a (B, T, H width) array.
  ConstMatrix slice(const Array& a, std::size_t width) const {
    const std::size_t time = a.shape()[1];
    const std::size_t stride = a.shape()[2];
    return {a.data() + batch * time * stride + head * width, time, width, stride};
  }
  Matrix slice(Array& a, std::size_t width) const {
    const ConstMatrix m = slice(std::as_const(a), width);
    return {a.data() + (m.data - std::as_const(a).data()), m.rows, m.cols, m.stride};
  }
};

/// Room for `planes` planes of scores per thread, so that what the pool holds does not depend on which threads meet.
void reserve_scratch(const AttentionSize& size, std::size_t planes) {
  const std::size_t elements = planes * size.queries * size.keys;
  pool_reserve(elements * sizeof(Real), std::min(thread_count(), size.batch * size.heads));
}

struct Dropout {
  double probability;
  kernels::DropoutKey key;

  /// The part of the mask over all weights that belongs to one head.
  void apply(const Real* from, Real* to, const AttentionSize& size, const Head& head) const {
    const std::size_t count = size.queries * size.keys;
    kernels::dropout(from, to, count, probability, key, head.index * count);
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
    const Array& value = pass.x(2);
    const Array* const dz = pass.g(1);
    const Array* const dweights = pass.has_g() ? &pass.g() : nullptr;
    Array dquery(query.shape());
    Array dkey(key.shape());
    Array dvalue = dz != nullptr ? Array(value.shape()) : zeros(value.shape());
    const std::size_t plane = size.queries * size.keys;
    const std::size_t planes = dropout.probability > 0 ? 2 : 1;
    reserve_scratch(size, planes);

    parallel_for(size.batch * size.heads, [&](std::size_t i) {
      const Head head(size, i);
      const Real* const weights = pass.y().data() + i * plane;
      Scratch storage(planes * plane);
      const Matrix dscores{storage.data(), size.queries, size.keys, size.keys};
      if (dz != nullptr) {
        const ConstMatrix head_dz = head.slice(*dz, size.value_size);
        ConstMatrix used{weights, size.queries, size.keys, size.keys};
        if (dropout.probability > 0) {
          dropout.apply(weights, storage.data() + plane, size, head);
          used.data = storage.data() + plane;
        }
        gemm(1, transposed(used), head_dz, 0, head.slice(dvalue, size.value_size));
        gemm(1, head_dz, transposed(head.slice(value, size.value_size)), 0, dscores);
        if (dropout.probability > 0) dropout.apply(dscores.data, dscores.data, size, head);
      }
      if (dweights != nullptr) {
        const Real* const extra = dweights->data() + i * plane;
        for (std::size_t j = 0; j < plane; ++j) dscores.data[j] = dz != nullptr ? dscores.data[j] + extra[j] : extra[j];
      }
      for (std::size_t q = 0; q < size.queries; ++q) {
        const kernels::VisibleKeys keys = mask->row(head.batch, head.head, q);
        Real* const row = dscores.data + q * size.keys;
        kernels::masked_softmax_backward_row(weights + q * size.keys, row, row, size.keys, size.scale, keys.begin,
                                             keys.end);
      }
      const ConstMatrix ds{dscores.data, size.queries, size.keys, size.keys};
      gemm(1, ds, head.slice(key, size.head_size), 0, head.slice(dquery, size.head_size));
      gemm(1, transposed(ds), head.slice(query, size.head_size), 0, head.slice(dkey, size.head_size));
    });
    pass.give(0, std::move(dquery));
    pass.give(1, std::move(dkey));
    pass.give(2, std::move(dvalue));
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

  parallel_for(head_count, [&](std::size_t i) {
    const Head head(size, i);
    Real* const head_weights = weights.data() + i * plane;
    gemm(1, head.slice(query.value(), size.head_size), transposed(head.slice(key.value(), size.head_size)), 0,
         {head_weights, size.queries, size.keys, size.keys});
    for (std::size_t q = 0; q < size.queries; ++q) {
      Real* const row = head_weights + q * size.keys;
      const kernels::VisibleKeys keys = mask->row(head.batch, head.head, q);
      if (!kernels::masked_softmax_row(row, row, size.keys, size.scale, keys)) ++hidden[i];
    }
    ConstMatrix used{head_weights, size.queries, size.keys, size.keys};
    Scratch dropped;
    if (dropout.probability > 0) {
      dropped.resize(plane);
      dropout.apply(head_weights, dropped.data(), size, head);
      used.data = dropped.data();
    }
    gemm(1, used, head.slice(value.value(), size.value_size), 0, head.slice(z, size.value_size));
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
