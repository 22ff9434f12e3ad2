#include "layers/heads.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/gather.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/select.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/padding.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

const HeadOptions& checked(const HeadOptions& options) {
  if (options.width == 0 || options.outputs == 0) {
    raise<ConfigError>("head", "width and outputs must be at least 1",
                       fmt::format("width {}, outputs {}", options.width, options.outputs));
  }
  if (options.predict == Predict::pointer) {
    raise<ConfigError>("head", "a pointer has a head of its own", "predict pointer", "use make_head or PointerHead");
  }
  if (options.tied.defined() && options.tied.shape() != Shape{options.outputs, options.width}) {
    raise<ConfigError>("head", "the tied table does not fit",
                       fmt::format("table {}, outputs {}, width {}", to_string(options.tied.shape()), options.outputs,
                                   options.width),
                       "tie_embeddings needs as many classes as the input has tokens");
  }
  return options;
}

std::size_t checked_pointer_width(const HeadOptions& options) {
  if (options.width == 0) raise<ConfigError>("pointer_head", "the width must be at least 1", "width 0");
  if (options.pointer_query != Predict::last && options.pointer_query != Predict::pooled) {
    raise<ConfigError>("pointer_head", "a pointer looks from one place", {}, "set its query to last or pooled");
  }
  return options.width;
}

void check_rank(const Tensor& x) {
  if (x.rank() == 3 && x.extent(1) > 0) return;
  raise<ShapeError>("head", "x must be (B, T, C) with at least one position", to_string(x.shape()));
}

NormOptions head_norm(const HeadOptions& options) {
  NormOptions norm = options.normalization;
  norm.width = options.width;
  if (norm.type == NormType::batch) {
    raise<ConfigError>("mlp_head", "a head normalises each position for itself", "norm type batch", "use layer or rms");
  }
  return norm;
}

/// (B, 1): 1 over the number of real positions, 0 where there is none.
Tensor shares(const std::vector<std::size_t>& lengths) {
  Array share = uninitialized({lengths.size(), 1});
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    share.data()[b] = lengths[b] == 0 ? Real{0} : Real{1} / static_cast<Real>(lengths[b]);
  }
  return Tensor(std::move(share));
}

}  // namespace

Predict predict_of(std::string_view name) {
  if (name == "every") return Predict::every;
  if (name == "last") return Predict::last;
  if (name == "pooled") return Predict::pooled;
  if (name == "pointer") return Predict::pointer;
  raise<ConfigError>("head", "there is no place to predict `" + std::string(name) + "`", {},
                     "use every, last, pooled or pointer");
}

Tensor last_position(const Tensor& x, const Mask& mask) {
  check_rank(x);
  const std::vector<std::size_t> lengths = real_lengths(x, mask, "head");
  const std::size_t batch = x.extent(0);
  const std::size_t width = x.extent(2);
  Tokens index(Shape{batch, 1, width});
  Tokens some(Shape{batch, 1});
  for (std::size_t b = 0; b < batch; ++b) {
    some.data()[b] = lengths[b] > 0 ? 1 : 0;
    std::fill_n(index.data() + b * width, width, static_cast<std::int32_t>(std::max<std::size_t>(lengths[b], 1) - 1));
  }
  Tensor y = reshape(gather(x, 1, index), {batch, width});
  if (std::all_of(lengths.begin(), lengths.end(), [](std::size_t length) { return length > 0; })) return y;
  return where(Condition(std::move(some)), y, Real{0});
}

Tensor pooled_positions(const Tensor& x, const Mask& mask) {
  check_rank(x);
  return sum(zero_padding(x, mask, "head"), {.axes = {1}}) * shares(real_lengths(x, mask, "head"));
}

Tensor positions_to_predict(const Tensor& x, Predict predict, const Mask& mask) {
  switch (predict) {
    case Predict::every:
      return x;
    case Predict::last:
      return last_position(x, mask);
    case Predict::pooled:
      return pooled_positions(x, mask);
    case Predict::pointer:
      break;
  }
  raise<ConfigError>("head", "a pointer reads every position", {}, "use PointerHead");
}

LinearHead::LinearHead(const HeadOptions& options, Init& init) : predict_(checked(options).predict) {
  weight_ = options.tied.defined() ? share("weight", options.tied)
                                   : parameter("weight", init.weight(options.outputs, options.width, WeightRole::head));
  if (options.bias) bias_ = parameter("bias", init.bias(options.outputs, options.width));
}

Tensor LinearHead::forward(const Tensor& x, const Context& context) {
  return linear(positions_to_predict(x, predict_, context.mask), weight_, bias_);
}

MlpHead::MlpHead(const HeadOptions& options, Init& init)
    : predict_(checked(options).predict),
      hidden_(
          child<Dense>("hidden", DenseOptions{.in = options.width, .out = options.width, .bias = options.bias}, init)),
      norm_(dynamic_cast<Layer&>(adopt("norm", make_norm(head_norm(options), init)))),
      activation_(child<ActivationLayer>("activation", options.activation)),
      output_(child<LinearHead>(
          "output",
          HeadOptions{.width = options.width, .outputs = options.outputs, .bias = options.bias, .tied = options.tied},
          init)) {}

Tensor MlpHead::forward(const Tensor& x, const Context& context) {
  const Tensor at = positions_to_predict(x, predict_, context.mask);
  return output_(activation_(norm_(hidden_(at, context), context), context), context);
}

PointerHead::PointerHead(const HeadOptions& options, Init& init)
    : from_(options.pointer_query),
      query_(
          child<Dense>("query",
                       DenseOptions{.in = checked_pointer_width(options), .out = options.width, .bias = options.bias},
                       init)),
      key_(child<Dense>("key", DenseOptions{.in = options.width, .out = options.width, .bias = false}, init)) {}

Tensor PointerHead::forward(const Tensor& x, const Context& context) {
  check_rank(x);
  const std::size_t batch = x.extent(0);
  const std::size_t time = x.extent(1);
  const Tensor query = query_(positions_to_predict(x, from_, context.mask), context);
  const Tensor keys = key_(zero_padding(x, context.mask, "pointer_head"), context);
  const Real scale = static_cast<Real>(1 / std::sqrt(static_cast<double>(x.extent(2))));
  const Tensor scores = matmul(keys, reshape(query, {batch, x.extent(2), 1})) * scale;  // (B, T, 1)
  if (!has_padding(x, context.mask, "pointer_head")) return reshape(scores, {batch, time});
  const Condition real = real_positions(real_lengths(x, context.mask, "pointer_head"), time);
  return reshape(where(real, scores, kExcludedLogit), {batch, time});
}

std::unique_ptr<Layer> make_head(const HeadOptions& options, Init& init) {
  if (options.predict != Predict::pointer) {
    if (options.kind == HeadKind::mlp) return std::make_unique<MlpHead>(options, init);
    return std::make_unique<LinearHead>(options, init);
  }
  if (options.kind == HeadKind::mlp || options.tied.defined() || options.outputs != 0) {
    raise<ConfigError>("head", "a pointer has neither an mlp, nor a tied table, nor outputs of its own",
                       fmt::format("outputs {}", options.outputs),
                       "use a linear head without tied embeddings for predict pointer");
  }
  return std::make_unique<PointerHead>(options, init);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
