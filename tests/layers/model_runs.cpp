#include "tests/layers/model_runs.h"

#include "autograd/ops/loss.h"
#include "autograd/scopes.h"
#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

ModelOptions small_model(NormPlacement norm) {
  return {.vocabulary = 7, .d_model = 8, .heads = 2, .d_ff = 12, .layers = 2, .max_len = 5, .norm = norm};
}

Tokens some_ids() { return testing::tokens({3, 5}, {0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 3, 3, 0, 6}); }
Tokens some_targets() { return testing::tokens({3, 5}, {4, 3, 2, 1, 0, 2, 1, 0, 6, 5, 6, 0, 3, 3, 3}); }

ModelRun run_model(Model& model, const Tokens& ids, const Tokens& targets, const Context& context) {
  const Tensor logits = model(ids, context);
  const Tensor loss = cross_entropy(logits, targets, {.ignore_index = -1});
  ModelRun run{logits.value(), loss.value(), {}};
  if (!grad_enabled()) return run;
  for (const NamedParameter& parameter : model.parameters()) parameter.tensor.zero_grad();
  loss.backward();
  for (const NamedParameter& parameter : model.parameters()) run.gradients.push_back(parameter.tensor.grad());
  return run;
}

bool same_run(const ModelRun& a, const ModelRun& b) {
  if (!same_bytes(a.logits, b.logits) || !same_bytes(a.loss, b.loss)) return false;
  if (a.gradients.empty() || b.gradients.empty()) return true;
  if (a.gradients.size() != b.gradients.size()) return false;
  for (std::size_t i = 0; i < a.gradients.size(); ++i) {
    if (!same_bytes(a.gradients[i], b.gradients[i])) return false;
  }
  return true;
}

std::vector<std::pair<std::string, Mask>> masks_to_try() {
  Booleans hidden(Shape{3, 2, 5, 5});
  for (std::size_t i = 0; i < hidden.size(); ++i) hidden.data()[i] = i % 4 == 1 ? 1 : 0;
  for (std::size_t k = 0; k < 10; ++k) hidden.data()[35 + k] = 1;  // member 0, head 1: queries 2 and 3 see nothing
  Booleans visible(Shape{5, 5});
  for (std::size_t i = 0; i < visible.size(); ++i) visible.data()[i] = i % 3 == 0 ? 1 : 0;
  return {{"none", {}},
          {"causal", Mask::causal()},
          {"causal, starts", Mask::causal(Align::starts)},
          {"padding", Mask::padding({5, 3, 1})},
          {"padding with an empty sequence", Mask::padding({5, 0, 2})},
          {"window", Mask::causal() & Mask::window(2)},
          {"forbid with hidden rows", Mask::forbid(hidden)},
          {"allow", Mask::allow(visible)},
          {"bias per head", Mask::bias(testing::drawn({2, 5, 5}, -1, 1, 9))},
          {"all together", Mask::causal() & Mask::padding({4, 5, 0}) & Mask::forbid(hidden) &
                               Mask::bias(testing::drawn({5, 5}, -1, 1, 10))}};
}

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
