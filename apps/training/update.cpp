#include "apps/training/update.h"

#include <fmt/format.h>

#include <cmath>

#include "autograd/ops/loss.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "optim/clip.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct Pass {
  Tensor logits;
  double loss;
  double gradient_norm;
};

Pass forward_and_backward(const UpdateParts& parts, std::uint64_t step, const Batch& batch) {
  StepRandom random(parts.seed, step);
  parts.optimizer.parameters().zero_grad();
  const Tensor logits = parts.model(batch.inputs, {.training = true, .random = &random});
  const Tensor loss = cross_entropy(logits, batch.targets, {.ignore_index = kIgnoredTarget});
  loss.backward(Graph::release);
  return {logits, static_cast<double>(loss.item()), gradient_norm(parts.optimizer.parameters())};
}

}  // namespace

UpdateResult run_update(const UpdateParts& parts, std::uint64_t step, const Batch& batch) {
  const Pass pass = forward_and_backward(parts, step, batch);
  const double factor = parts.schedule(step);
  const bool finite = std::isfinite(pass.loss) && std::isfinite(pass.gradient_norm);
  if (finite) {
    parts.optimizer.step(factor, parts.grad_clip ? clip_scale(pass.gradient_norm, *parts.grad_clip) : 1);
  }
  return {.loss = pass.loss,
          .gradient_norm = pass.gradient_norm,
          .rate_factor = factor,
          .applied = finite,
          .logits = pass.logits};
}

std::string explain_non_finite(const UpdateParts& parts, std::uint64_t step, const Batch& batch) {
  const DetectNonFinite detect(step + 1);
  try {
    const Pass pass = forward_and_backward(parts, step, batch);
    return fmt::format(
        "loss {} and gradient norm {} at step {}, though every single value is finite; "
        "lower optimizer.lr, or set optimizer.grad_clip",
        pass.loss, pass.gradient_norm, step + 1);
  } catch (const NumericError& error) {
    return error.what();
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
