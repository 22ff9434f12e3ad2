#include <fmt/format.h>

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "autograd/make_op.h"
#include "autograd/ops/attention_stages.h"
#include "core/error.h"
#include "core/kernels/attention_rows.h"
#include "core/parallel.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Calls f(i, keys) for each row i of (B, H, Tq, Tk), with what the mask shows of it; one head is one chunk.
template <class F>
void for_rows(const Shape& shape, const MaskRows& mask, F f) {
  parallel_for(shape[0] * shape[1], [&](std::size_t head) {
    for (std::size_t q = 0; q < shape[2]; ++q) {
      f(head, head * shape[2] + q, mask.row(head / shape[1], head % shape[1], q));
    }
  });
}

void check_options(const Tensor& logits, const AttentionWeightOptions& options, const Tensor& sink) {
  const char* const where = "attention_weights";
  if (logits.rank() != 4) {
    raise<ShapeError>(where, "logits must be (B, H, Tq, Tk)", to_string(logits.shape()));
  }
  if ((options.kind == AttentionKind::top_k) != (options.top_k != 0)) {
    raise<ConfigError>(where, "top_k weights need a number of keys, and only they",
                       fmt::format("k = {}", options.top_k), "set kind = top_k and top_k >= 1, or neither");
  }
  if (!sink.defined()) return;
  if (options.kind == AttentionKind::sigmoid) {
    raise<ConfigError>(where, "a sink takes nothing from sigmoid weights, which do not compete", {},
                       "use softmax or top_k, or no sink");
  }
  const Shape rows{logits.extent(0), logits.extent(1), logits.extent(2)};
  if (sink.shape() != rows) {
    raise<ShapeError>(where, "the sink must have one logit per row of the logits",
                      fmt::format("sink {}, logits {}", to_string(sink.shape()), to_string(logits.shape())));
  }
}

/// For P = softmax(S):  dS = P (dP - sum over keys of P dP), the sink being one of the keys.
struct WeightRule {
  AttentionKind kind;
  bool has_sink;
  std::shared_ptr<const MaskRows> mask;
  std::shared_ptr<const Array> sink_weights;

  void operator()(BackwardPass& pass) const {
    const Array& weights = pass.y();
    const Shape& shape = weights.shape();
    const Array* const dsink_weights = has_sink ? pass.g(1) : nullptr;
    Array g = pass.take_g();
    Array dsink = has_sink ? Array(sink_weights->shape()) : Array();
    for_rows(shape, *mask, [&](std::size_t, std::size_t row, const kernels::VisibleKeys& keys) {
      const std::size_t n = shape[3];
      const Real* const w = weights.data() + row * n;
      Real* const d = g.data() + row * n;
      if (has_sink) {
        const Real upstream = dsink_weights == nullptr ? Real{0} : dsink_weights->data()[row];
        dsink.data()[row] = kernels::masked_softmax_sink_backward_row(w, d, d, n, keys.begin, keys.end,
                                                                      sink_weights->data()[row], upstream);
      } else if (kind == AttentionKind::sigmoid) {
        kernels::masked_sigmoid_backward_row(w, d, d, n, keys.begin, keys.end);
      } else {
        kernels::masked_softmax_backward_row(w, d, d, n, Real{1}, keys.begin, keys.end);
      }
    });
    pass.give(0, std::move(g));
    if (has_sink) pass.give(1, std::move(dsink));
  }
};

}  // namespace

AttentionWeightResult attention_weights(const Tensor& logits, const Mask& mask, const AttentionWeightOptions& options,
                                        const Tensor& sink) {
  check_options(logits, options, sink);
  const Shape& shape = logits.shape();
  const auto rows = std::make_shared<const MaskRows>(mask, shape);
  const std::size_t n = shape[3];
  Array weights = uninitialized(shape);
  Array sink_weights = sink.defined() ? Array(sink.shape()) : Array();
  std::vector<std::size_t, PoolAllocator<std::size_t>> hidden(shape[0] * shape[1], 0);
  Array chosen = uninitialized(options.kind == AttentionKind::top_k ? shape : Shape{0});
  for_rows(shape, *rows, [&](std::size_t head, std::size_t row, kernels::VisibleKeys keys) {
    const Real* scores = logits.value().data() + row * n;
    const Real* const bias = keys.bias;
    Real* const w = weights.data() + row * n;
    if (options.kind == AttentionKind::top_k) {
      Real* const best = chosen.data() + row * n;
      kernels::choose_largest(scores, best, n, keys, options.top_k, w);
      scores = best;
      keys.bias = nullptr;
    }
    bool any = false;
    if (sink.defined()) {
      any = kernels::masked_softmax_sink_row(scores, w, n, keys, sink.value().data()[row], sink_weights.data() + row);
    } else if (options.kind == AttentionKind::sigmoid) {
      any = kernels::masked_sigmoid_row(scores, w, n, keys);
    } else {
      any = kernels::masked_softmax_row(scores, w, n, Real{1}, keys);
    }
    if (keys.bias != bias) {
      // The softmax over chosen logits knows no bias: where NaN is among them, it is everywhere.
      for (std::size_t k = keys.begin; k < keys.end; ++k) {
        if (bias[k] == -std::numeric_limits<Real>::infinity()) w[k] = 0;
      }
    }
    if (!any) ++hidden[head];
  });
  std::size_t hidden_rows = 0;
  for (const std::size_t count : hidden) hidden_rows += count;

  WeightRule rule{options.kind, sink.defined(), rows, nullptr};
  if (!sink.defined()) {
    return {make_op("attention_weights", std::move(weights), {logits}, std::move(rule)), {}, hidden_rows};
  }
  rule.sink_weights = std::make_shared<const Array>(sink_weights);
  std::vector<Array> outputs;
  outputs.push_back(std::move(weights));
  outputs.push_back(std::move(sink_weights));
  const std::vector<Tensor> results =
      make_ops("attention_weights", std::move(outputs), {logits, sink}, std::move(rule));
  return {results[0], results[1], hidden_rows};
}

Tensor zero_hidden(const Tensor& weights, const Mask& mask) {
  if (weights.rank() != 4)
    raise<ShapeError>("zero_hidden", "weights must be (B, H, Tq, Tk)", to_string(weights.shape()));
  const auto rows = std::make_shared<const MaskRows>(mask, weights.shape());
  const auto zeroed = [rows](const Array& from) {
    Array to(from.shape());
    for_rows(from.shape(), *rows, [&](std::size_t, std::size_t row, const kernels::VisibleKeys& keys) {
      const std::size_t n = from.shape()[3];
      for (std::size_t k = 0; k < n; ++k) {
        const bool visible = k >= keys.begin && k < keys.end && (keys.visible == nullptr || keys.visible[k] != 0) &&
                             (keys.bias == nullptr || keys.bias[k] != -std::numeric_limits<Real>::infinity());
        to.data()[row * n + k] = visible ? from.data()[row * n + k] : Real{0};
      }
    });
    return to;
  };
  return make_op("zero_hidden", zeroed(weights.value()), {weights},
                 [zeroed](BackwardPass& pass) { pass.give(0, zeroed(pass.g())); });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
