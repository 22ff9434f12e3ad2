#include "layers/residual.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

bool holds(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

[[noreturn]] void refuse(const StepOperations& operations, const std::string& what, const std::string& remedy) {
  raise<ConfigError>("residual", what, "`" + operations.before + "` before, `" + operations.after + "` after", remedy);
}

/// Letters of one side: `d` any number of times, the others once.
void check_side(const StepOperations& operations, const std::string& side, const std::string& allowed) {
  for (const char letter : side) {
    if (!holds(allowed, letter)) {
      refuse(operations, std::string("there is no operation `") + letter + "` in this place",
             "before a sublayer use d and n, behind it d, n, a and h");
    }
    if (letter != 'd' && std::count(side.begin(), side.end(), letter) > 1) {
      refuse(operations, std::string("the operation `") + letter + "` stands twice on one side", "write it once");
    }
  }
}

Tensor joined(const ResidualStep& step, const Tensor& x, const Tensor& y, const Context& context) {
  if (y.shape() != x.shape()) {
    raise<ShapeError>("residual", "the layer inside changes the shape, so its result cannot be added to its input",
                      "x " + to_string(x.shape()) + ", f(x) " + to_string(y.shape()) + " in `" + step.body->path() +
                          "`",
                      "give it the same width in and out");
  }
  return (*step.connection)(x, y, context);
}

}  // namespace

NormPlacement norm_placement_of(std::string_view name) {
  if (name == "pre") return NormPlacement::pre;
  if (name == "post") return NormPlacement::post;
  if (name == "sandwich") return NormPlacement::sandwich;
  if (name == "parallel") return NormPlacement::parallel;
  if (name == "none") return NormPlacement::none;
  raise<ConfigError>("norm", "there is no norm placement `" + std::string(name) + "`", {},
                     "use pre, post, sandwich, parallel or none");
}

StepOperations operations_of(NormPlacement placement) {
  switch (placement) {
    case NormPlacement::pre:
    case NormPlacement::parallel:
      return {"n", "da"};
    case NormPlacement::post:
      return {"", "dan"};
    case NormPlacement::sandwich:
      return {"n", "dna"};
    case NormPlacement::none:
      break;
  }
  return {"", "da"};
}

StepOperations checked_operations(const ResidualOptions& options) {
  if (!options.operations.has_value()) return operations_of(options.norm);
  const StepOperations& operations = *options.operations;
  check_side(operations, operations.before, "dn");
  check_side(operations, operations.after, "dnah");
  const bool gated = options.connection.kind == ResidualKind::gated;
  if (holds(operations.after, 'h') && !gated) refuse(operations, "`h` is a gated residual", "set residual to gated");
  if (holds(operations.after, 'h') && holds(operations.after, 'a')) {
    refuse(operations, "the input would be added twice", "use a or h");
  }
  const bool sums = holds(operations.after, 'a') || holds(operations.after, 'h');
  if (!sums && (options.connection.kind != ResidualKind::plain || options.connection.skip_scale != 1)) {
    refuse(operations, "a scaled or gated residual or a skip scale has no meaning without a sum", "add `a`");
  }
  if (options.dropout > 0 && !holds(operations.before, 'd') && !holds(operations.after, 'd')) {
    refuse(operations, "a dropout has no meaning without the operation `d`", "add `d`, or set dropout to 0");
  }
  return operations;
}

Tensor ResidualStep::added(const Tensor& sum, const Tensor& input, const Context& context) const {
  Tensor y = input;
  for (const char letter : operations.before) y = (*(letter == 'n' ? norm_before : dropout))(y, context);
  y = (*body)(y, context);
  for (const char letter : operations.after) {
    switch (letter) {
      case 'd':
        y = (*dropout)(y, context);
        break;
      case 'n':
        y = (*norm_after)(y, context);
        break;
      default:
        y = joined(*this, sum, y, context);
    }
  }
  return y;
}

Residual::Residual(const ResidualOptions& options, std::unique_ptr<Layer> body, Init& init) {
  if (!options.operations.has_value() && options.norm == NormPlacement::parallel) {
    raise<ConfigError>("residual", "parallel placement needs a block of several steps", {}, "use the layer type block");
  }
  step_.operations = checked_operations(options);
  step_.body = body.get();
  step_.dropout = &child<Dropout>("dropout", options.dropout);
  adopt("body", std::move(body));
  const auto norm = [&](const char* name) {
    return dynamic_cast<Layer*>(&adopt(name, make_norm(options.normalization, init)));
  };
  const bool before = holds(step_.operations.before, 'n');
  if (before) step_.norm_before = norm("norm");
  if (holds(step_.operations.after, 'n')) step_.norm_after = norm(before ? "post_norm" : "norm");
  step_.connection = &child<ResidualConnection>("residual", options.connection, init);
}

Tensor Residual::forward(const Tensor& x, const Context& context) { return step_(x, context); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
