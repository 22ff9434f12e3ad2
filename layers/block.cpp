#include "layers/block.h"

#include <utility>

#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Block::Block(const ResidualOptions& options, std::vector<BlockStep> steps, Init& init) {
  if (steps.empty()) {
    raise<ConfigError>("block", "a block needs at least one step", {}, "give it an attention or a feed_forward");
  }
  const bool parallel = !options.operations.has_value() && options.norm == NormPlacement::parallel;
  if (parallel && options.connection.kind == ResidualKind::gated) {
    raise<ConfigError>("block", "parallel steps cannot be gated: each gate would pass the block's input on", {},
                       "use a plain or scaled residual, or another placement");
  }
  if (parallel && options.connection.skip_scale != 1) {
    raise<ConfigError>("block", "parallel steps cannot scale the skip: each would scale the block's input again", {},
                       "leave skip_scale out, or use another placement");
  }
  StepOperations operations = checked_operations(options);
  if (parallel) operations.before.clear();
  const bool norm_before = operations.before.find('n') != std::string::npos;
  const bool norm_after = operations.after.find('n') != std::string::npos;
  const auto norm = [&](const std::string& name) {
    return dynamic_cast<Layer*>(&adopt(name, make_norm(options.normalization, init)));
  };
  for (BlockStep& step : steps) {
    ResidualStep& made = steps_.emplace_back(ResidualStep{.body = step.layer.get(), .operations = operations});
    adopt(step.name, std::move(step.layer));
    if (norm_before) made.norm_before = norm(step.name + "_norm");
    if (norm_after) made.norm_after = norm(step.name + (norm_before ? "_post_norm" : "_norm"));
    made.connection = &child<ResidualConnection>(step.name + "_residual", options.connection, init);
  }
  if (parallel) parallel_norm_ = norm("norm");
  Dropout& dropout = child<Dropout>("dropout", options.dropout);
  for (ResidualStep& step : steps_) step.dropout = &dropout;
}

Tensor Block::forward(const Tensor& x, const Context& context) {
  Tensor y = x;
  if (parallel_norm_ == nullptr) {
    for (const ResidualStep& step : steps_) y = step(y, context);
    return y;
  }
  const Tensor normalized = (*parallel_norm_)(x, context);
  for (const ResidualStep& step : steps_) y = step.added(y, normalized, context);
  return y;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
