#include "tests/apps/check/planted.h"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include "autograd/make_op.h"
#include "autograd/ops.h"
#include "core/error.h"
#include "core/parallel.h"
#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/key_value_cache.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace check_test {
namespace {

constexpr std::size_t kWidth = 8;

/// A mask as truth values, read from `mask` and bent by `bend(b, q, k, visible)`.
template <class Bend>
Mask bent(const Mask& mask, std::size_t batch, std::size_t length, Bend bend) {
  if (mask.hides_nothing()) return mask;
  const MaskRows rows(mask, {batch, 1, length, length});
  const auto visible = [&](std::size_t b, std::size_t q, std::size_t k) {
    const kernels::VisibleKeys keys = rows.row(b, 0, q);
    return k >= keys.begin && k < keys.end && (keys.visible == nullptr || keys.visible[k] != 0);
  };
  Booleans bits(Shape{batch, 1, length, length});
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const std::size_t b = i / (length * length);
    bits.data()[i] = bend(visible, b, i / length % length, i % length) ? 1 : 0;
  }
  return Mask::allow(std::move(bits));
}

/// The identity, whose gradient is multiplied by 1.01.
Tensor with_gradient_off(const Tensor& x) {
  return make_op("off", Array(x.value()), {{x, [](const Array& g) -> Array { return Real{1.01F} * g; }}});
}

class Planted : public Layer {
 public:
  Planted(Fault fault, Init& init)
      : fault_(fault),
        query_(child<Dense>("query", kWidth, kWidth, init)),
        key_(child<Dense>("key", kWidth, kWidth, init)),
        value_(child<Dense>("value", kWidth, kWidth, init)),
        output_(child<Dense>("output", kWidth, kWidth, init)) {
    const Initial extra = init.weight(1, kWidth);
    if (fault == Fault::unused) extra_ = parameter("extra", extra);
    if (fault == Fault::unregistered) extra_ = Tensor(extra.value, true);
    if (fault == Fault::writes_its_parameter) extra_ = parameter("extra", extra);
    if (fault == Fault::copied_at_construction) extra_ = Tensor(extra.value);
    if (fault == Fault::first_values_from_device) {
      Array value = zeros({kWidth});
      for (Real& element : flat(value)) element = static_cast<Real>(std::random_device{}()) * Real{1e-9F};
      extra_ = parameter("extra", {value, "from a device"});
    }
  }

  Tensor forward(const Tensor& x, const Context& context) override {
    const std::size_t batch = x.extent(0);
    const std::size_t length = x.extent(1);
    return broken(x + output_(attended(x, batch, length, context), context), batch, length, context);
  }

 private:
  bool is(Fault fault) const { return fault_ == fault; }

  Mask mask_of(const Context& context, std::size_t batch, std::size_t length) const {
    const Mask& mask = context.mask;
    using Index = std::size_t;
    switch (fault_) {
      case Fault::mask_lost:
      case Fault::attention_over_batch:
        return {};
      case Fault::mask_transposed:
        return bent(mask, batch, length,
                    [](const auto& visible, Index b, Index q, Index k) { return visible(b, k, q); });
      case Fault::mask_one_ahead:
        if (!mask.is_causal()) return mask;
        return bent(mask, batch, length, [](const auto& visible, Index b, Index q, Index k) {
          return visible(b, q, k) || (k == q + 1 && visible(b, q, q));
        });
      case Fault::window_too_wide:
        return bent(mask, batch, length, [](const auto& visible, Index b, Index q, Index k) {
          // Only a window hides the key two steps back and shows the one before.
          const bool window = q >= 2 && k + 2 == q && visible(b, q, q - 1) && visible(b, q, q) && !visible(b, q, k);
          return visible(b, q, k) || window;
        });
      case Fault::mask_of_first_member:
        return bent(mask, batch, length, [](const auto& visible, Index, Index q, Index k) { return visible(0, q, k); });
      default:
        return mask;
    }
  }

  Tensor attended(const Tensor& x, std::size_t batch, std::size_t length, const Context& context) {
    if (is(Fault::memory_mask_ignored)) {
      const Tensor& memory = *context.memory;
      return attention(query_(x, context), key_(memory, context), value_(memory, context), {.heads = 2}).output;
    }
    const Mask mask = mask_of(context, batch, length);
    const Tensor source = is(Fault::attention_over_batch) ? transpose(x, 0, 1) : x;
    Tensor value = value_(source, context);
    if (is(Fault::path_detached)) value = value.detach();
    if (is(Fault::gradient_off)) value = with_gradient_off(value);
    Tensor key = key_(source, context);
    // Attention over the batch knows nothing of time, and so nothing of earlier positions.
    if (context.cache != nullptr && !is(Fault::cache_ignored) && !is(Fault::attention_over_batch)) {
      KeyValueCache::Entry& entry = context.cache->entry(path());
      key = append_to_cache(entry.key, entry.filled, key);
      value = append_to_cache(entry.value, entry.filled, value);
      entry.filled = true;
    }
    if (is(Fault::softmax_of_nothing)) return by_infinity(query_(x, context), key, value, mask);
    const AttentionResult result = attention(query_(source, context), key, value, {.heads = 2, .mask = mask});
    if (context.recorder != nullptr) context.recorder->record(path(), result.weights, result.hidden_rows);
    return is(Fault::attention_over_batch) ? transpose(result.output, 0, 1) : result.output;
  }

  /// Attention as a textbook has it: minus infinity where a key is hidden.
  static Tensor by_infinity(const Tensor& query, const Tensor& key, const Tensor& value, const Mask& mask) {
    const std::size_t batch = query.extent(0);
    const std::size_t queries = query.extent(1);
    const std::size_t length = key.extent(1);
    const Tensor scores = matmul(query, key, {.transpose_b = true});
    Tokens visible(scores.shape());
    const MaskRows rows(mask, {batch, 1, queries, length});
    for (std::size_t i = 0; i < visible.size(); ++i) {
      const kernels::VisibleKeys keys = rows.row(i / (queries * length), 0, i / length % queries);
      const std::size_t k = i % length;
      visible.data()[i] = k >= keys.begin && k < keys.end && (keys.visible == nullptr || keys.visible[k] != 0) ? 1 : 0;
    }
    const Real hidden = -std::numeric_limits<Real>::infinity();
    return matmul(softmax(headlight::where(Condition(std::move(visible)), scores, hidden)), value);
  }

  /// What is wrong behind the attention.
  Tensor broken(Tensor y, std::size_t batch, std::size_t length, const Context& context) {
    switch (fault_) {
      case Fault::norm_over_time:
        if (!context.training) return y;
        return (y - mean(y, {.axes = {1}, .keep_dims = true})) /
               sqrt(var(y, {.axes = {1}, .keep_dims = true}) + Real{1});
      case Fault::mean_over_batch:
        return y - mean(y, {.axes = {0}, .keep_dims = true});
      case Fault::divided_by_batch:
        return y / static_cast<Real>(batch);
      case Fault::dropout_in_evaluation:
        return context.random == nullptr ? y : dropout(y, 0.2, next_dropout_key(context, "planted"));
      case Fault::other_path_in_training:
        return context.training ? y * Real{1.5F} : y;
      case Fault::other_path_without_gradients:
        return grad_enabled() ? y : y + Real{0.5F};
      case Fault::recorder_changes_result:
        return context.recorder != nullptr ? y + Real{0.5F} : y;
      case Fault::unregistered:
      case Fault::copied_at_construction:
      case Fault::first_values_from_device:
        return y * extra_;
      case Fault::writes_its_parameter:
        extra_.assign(Array(extra_.value() * Real{0.5F}));
        return y * (extra_ + Real{1});
      case Fault::noise_from_device:
        return y + static_cast<Real>(std::random_device{}()) * Real{1e-9F};
      case Fault::kept_between_calls:
        return y + static_cast<Real>(std::exchange(last_length_, length)) * Real{0.125F};
      case Fault::thread_count:
        return y + static_cast<Real>(thread_count()) * Real{0.125F};
      case Fault::shape_of_long_inputs:
        return length <= 10 ? y : slice(y, {.axis = 1, .begin = 0, .end = static_cast<std::ptrdiff_t>(length) - 1});
      case Fault::nan_of_long_inputs:
        return length <= 10 ? y : y * (exp(Tensor(scalar(Real{1000}))) / exp(Tensor(scalar(Real{1000}))));
      case Fault::position_dependent:
        return y + Tensor(positions(context.offset, length));
      case Fault::throws_on_one_position:
        if (length == 1) raise<ShapeError>("planted", "one position is too few", "T 1");
        return y;
      default:
        return y;
    }
  }

  static Array positions(std::size_t first, std::size_t length) {
    Array table = zeros({length, 1});
    for (std::size_t t = 0; t < length; ++t) table.data()[t] = static_cast<Real>(first + t);
    return table;
  }

  Fault fault_;
  Dense& query_;
  Dense& key_;
  Dense& value_;
  Dense& output_;
  Tensor extra_;
  std::size_t last_length_ = 0;
};

}  // namespace

std::unique_ptr<Layer> make_planted(Fault fault, Init& init) { return std::make_unique<Planted>(fault, init); }

CheckOptions planted_options(Fault fault) {
  const bool cross = fault == Fault::memory_mask_ignored;
  return {.name = "planted", .width = kWidth, .memory_width = cross ? kWidth : 0, .promises = {.equivariant = true}};
}

}  // namespace check_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
