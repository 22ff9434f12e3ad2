#include "apps/training/update.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "apps/training/hidden_rows.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "optim/clip.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct Pass {
  std::vector<Tensor> answers;
  double loss = 0;
  double gradient_norm = 0;
  std::size_t hidden_rows = 0;
};

Pass forward_and_backward(const UpdateParts& parts, std::uint64_t step, std::span<const Batch> micro_batches) {
  const std::size_t count = micro_batches.size();
  parts.optimizer.parameters().zero_grad();
  Pass pass;
  HiddenRows hidden;
  const std::vector<LossShares> shares = parts.objective.shares_of(micro_batches);
  for (std::size_t i = 0; i < count; ++i) {
    const Batch& batch = micro_batches[i];
    StepRandom random(parts.seed, step * count + i);
    const auto [answers, loss] =
        parts.objective(parts.model, batch, {.training = true, .random = &random, .recorder = &hidden}, shares[i]);
    pass.answers.push_back(answers);
    loss.backward(Graph::release);
    pass.loss += static_cast<double>(loss.item());
  }
  pass.hidden_rows = hidden.count();
  pass.gradient_norm = gradient_norm(parts.optimizer.parameters());
  return pass;
}

}  // namespace

UpdateResult run_update(const UpdateParts& parts, std::uint64_t step, std::span<const Batch> micro_batches) {
  Pass pass = forward_and_backward(parts, step, micro_batches);
  const double factor = parts.schedule(step);
  const bool finite = std::isfinite(pass.loss) && std::isfinite(pass.gradient_norm);
  if (finite) {
    parts.optimizer.step(factor, parts.grad_clip ? clip_scale(pass.gradient_norm, *parts.grad_clip) : 1);
  }
  return {.loss = pass.loss,
          .gradient_norm = pass.gradient_norm,
          .hidden_rows = pass.hidden_rows,
          .rate_factor = factor,
          .applied = finite,
          .answers = std::move(pass.answers)};
}

std::string explain_non_finite(const UpdateParts& parts, std::uint64_t step, std::span<const Batch> micro_batches) {
  const DetectNonFinite detect(step + 1);
  try {
    const Pass pass = forward_and_backward(parts, step, micro_batches);
    return fmt::format(
        "loss {} and gradient norm {} at step {}, though every single value is finite; "
        "lower optimizer.lr, or set optimizer.grad_clip",
        pass.loss, pass.gradient_norm, step + 1);
  } catch (const NumericError& error) {
    return error.what();
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
