#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "apps/check/checks.h"
#include "apps/check/graph_leaves.h"
#include "apps/check/row.h"
#include "autograd/scopes.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void find_unregistered(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const CheckInputs inputs = probe.inputs();
  std::set<const Node*> known;
  for (const Tensor* input : {&inputs.x, &inputs.memory}) {
    if (input->defined()) known.insert(input->node().get());
  }
  const std::vector<NamedParameter> parameters = study.module->parameters();
  for (const NamedParameter& parameter : parameters) known.insert(parameter.tensor.node().get());
  for (const bool training : {false, true}) {
    const Tensor y = probe.run(*study.module, inputs, {.training = training});
    for (const GraphLeaf& leaf : trained_leaves(y)) {
      if (known.count(leaf.tensor.node().get()) != 0) continue;
      return row.fail(fmt::format("a tensor of shape {} that requires a gradient is used by {}, but is no parameter",
                                  to_string(leaf.tensor.shape()), leaf.used_by),
                      "declare it with parameter(), or share() it under a second name: else it is neither trained nor "
                      "saved");
    }
  }
  row.pass(fmt::format("{}, each of them a parameter", parameters.size()));
}

/// Puts a parameter's value back.
class Restored {
 public:
  explicit Restored(Tensor parameter) : parameter_(std::move(parameter)), value_(parameter_.value()) {}
  ~Restored() { parameter_.assign(value_); }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  Tensor parameter_;
  Array value_;
};

/// True when moving the parameter changes the output.
bool matters(const Study& study, const Tensor& parameter, const CheckInputs& inputs, const CheckCall& call) {
  const Array before = study.probe.output(*study.module, inputs, call);
  const Restored restored(parameter);
  Array moved = parameter.value();
  const Array moves = study.probe.random(moved.shape(), 77);
  for (std::size_t i = 0; i < moved.size(); ++i) moved.data()[i] += moves.data()[i];
  parameter.assign(moved);
  return !same_bytes(before, study.probe.output(*study.module, inputs, call));
}

bool is_zero(const Array& gradient) {
  return std::all_of(gradient.begin(), gradient.end(), [](Real g) { return g == 0; });
}

void find_unused(const Study& study, RowBuilder& row) {
  const std::vector<NamedParameter> parameters = study.module->parameters();
  if (parameters.empty()) return row.skip("there are no parameters");
  const CheckInputs inputs = study.probe.inputs();
  const CheckPass evaluation = study.probe.pass(*study.module, inputs, {});
  const CheckPass training = study.probe.pass(*study.module, inputs, {.training = true});
  const std::size_t first = evaluation.arrays.size() - parameters.size();
  std::size_t frozen = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const NamedParameter& parameter = parameters[i];
    if (!parameter.tensor.requires_grad()) {
      ++frozen;
      continue;
    }
    const Array& gradient = training.arrays[first + i];
    if (gradient.size() != 0 && !is_zero(gradient)) continue;
    const std::string how = gradient.size() == 0 ? "receives no gradient" : "receives a gradient of zeros";
    if (!matters(study, parameter.tensor, inputs, {}) &&
        !matters(study, parameter.tensor, inputs, {.training = true})) {
      return row.fail("`" + parameter.name + "` " + how + ": the output does not depend on it",
                      "use it in forward(), or do not declare it");
    }
    // Rounding alone can make a gradient of exactly zero where the output depends on it by rounding alone.
    if (gradient.size() != 0) continue;
    return row.fail("`" + parameter.name + "` " + how + ", but the output depends on it",
                    "look for a detach(), a NoGrad scope or an Array taken out of the graph behind it");
  }
  row.pass(fmt::format("{} of {}{}", parameters.size() - frozen, parameters.size() - frozen,
                       frozen == 0 ? "" : fmt::format(", {} are frozen", frozen)));
}

}  // namespace

std::vector<CheckRow> check_parameters(const Study& study) {
  return {run_check("parameters: registered", "trained tensors behind the output",
                    [&](RowBuilder& row) { find_unregistered(study, row); }),
          run_check("parameters: used", "parameters that receive a gradient",
                    [&](RowBuilder& row) { find_unused(study, row); })};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
