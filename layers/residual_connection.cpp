#include "layers/residual_connection.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/linear.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/hooks.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check(const ResidualConnectionOptions& options) {
  const auto skip_scale = static_cast<Real>(options.skip_scale);
  if (!std::isfinite(skip_scale) || skip_scale <= 0) {
    raise<ConfigError>("residual", "the skip scale must be a number above 0 in the precision of this build",
                       fmt::format("skip_scale {}", options.skip_scale));
  }
  if (options.kind == ResidualKind::gated && options.skip_scale != 1) {
    raise<ConfigError>("residual", "a gate shares out its input by itself",
                       fmt::format("skip_scale {}", options.skip_scale),
                       "leave skip_scale out, or use a plain or scaled residual");
  }
  if (options.kind == ResidualKind::plain) return;
  if (options.width == 0) raise<ConfigError>("residual", "the width must be at least 1", "width 0");
  // As they are stored: a number beyond the largest Real would begin as infinity.
  if (!std::isfinite(static_cast<Real>(options.scale_init)) || !std::isfinite(static_cast<Real>(options.gate_bias))) {
    raise<ConfigError>("residual", "a first value is not finite in the precision of this build",
                       fmt::format("scale_init {}, gate_bias {}", options.scale_init, options.gate_bias));
  }
}

Initial constant(const Shape& shape, double value, Init& init) {
  return init.constant(shape, value, fmt::format("constant {:.4g}", value));
}

}  // namespace

ResidualConnection::ResidualConnection(const ResidualConnectionOptions& options, Init& init)
    : kind_(options.kind), skip_scale_(static_cast<Real>(options.skip_scale)), width_(options.width) {
  check(options);
  if (kind_ == ResidualKind::scaled) {
    const Shape shape = options.per_channel ? Shape{width_} : Shape{};
    scale_ = parameter("scale", constant(shape, options.scale_init, init));
  }
  if (kind_ == ResidualKind::gated) {
    gate_weight_ = parameter("gate_weight", init.weight(width_, width_));
    gate_bias_ = parameter("gate_bias", constant({width_}, options.gate_bias, init));
  }
}

Tensor ResidualConnection::operator()(const Tensor& x, const Tensor& y, const Context& context) const {
  const LayerScope scope(scope_path());
  const Tensor stream = joined(x, y);
  return context.hooks == nullptr ? stream : context.hooks->visit(path(), HookPoint::output, stream);
}

Tensor ResidualConnection::joined(const Tensor& x, const Tensor& y) const {
  if (x.shape() != y.shape() || (kind_ != ResidualKind::plain && (x.rank() == 0 || x.extent(-1) != width_))) {
    const std::string width = kind_ == ResidualKind::plain ? "C" : std::to_string(width_);
    raise<ShapeError>("residual", "x and y must have one shape (..., " + width + ")",
                      "x " + to_string(x.shape()) + ", y " + to_string(y.shape()));
  }
  const Tensor skip = skip_scale_ == 1 ? x : skip_scale_ * x;
  switch (kind_) {
    case ResidualKind::plain:
      break;
    case ResidualKind::scaled:
      return skip + scale_ * y;
    case ResidualKind::gated:
      return x + linear(x, gate_weight_, gate_bias_, Activation::sigmoid) * (y - x);
  }
  return skip + y;
}

ResidualKind residual_kind_of(std::string_view name) {
  if (name == "plain") return ResidualKind::plain;
  if (name == "scaled") return ResidualKind::scaled;
  if (name == "gated") return ResidualKind::gated;
  raise<ConfigError>("residual", "there is no residual variant `" + std::string(name) + "`", {},
                     "use plain, scaled or gated");
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
