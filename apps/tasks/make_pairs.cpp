#include <initializer_list>
#include <utility>

#include "apps/tasks/addition.h"
#include "apps/tasks/copy.h"
#include "apps/tasks/induction.h"
#include "apps/tasks/makers.h"
#include "apps/tasks/modular.h"
#include "apps/tasks/sort.h"

namespace headlight {
namespace {

ModularOperation operation_of(config::ModularOp op) {
  switch (op) {
    case config::ModularOp::kAdd:
      return ModularOperation::add;
    case config::ModularOp::kSubtract:
      return ModularOperation::subtract;
    case config::ModularOp::kMultiply:
      return ModularOperation::multiply;
    case config::ModularOp::kDivide:
      return ModularOperation::divide;
    case config::ModularOp::kQuadratic:
      break;
  }
  return ModularOperation::quadratic;
}

}  // namespace

std::unique_ptr<Task> make_addition(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Addition>(AdditionOptions{.layout = layout_of(config.model.arch),
                                                    .digits = task.addition.digits,
                                                    .reversed = task.addition.order == config::DigitOrder::kReversed,
                                                    .signs = task.addition.signs,
                                                    .train_seed = config.seed,
                                                    .eval_seed = task.eval.seed,
                                                    .train_examples = task.train_examples,
                                                    .eval_examples = task.eval.examples});
}

std::unique_ptr<Task> make_copy(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Copy>(CopyOptions{.layout = layout_of(config.model.arch),
                                            .symbols = task.symbols,
                                            .length = lengths_of(task),
                                            .first = task.first,
                                            .train_seed = config.seed,
                                            .eval_seed = task.eval.seed,
                                            .train_examples = task.train_examples,
                                            .eval_examples = task.eval.examples});
}

std::unique_ptr<Task> make_induction(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Induction>(InductionOptions{.symbols = task.symbols,
                                                      .block = task.induction.block,
                                                      .repeats = task.induction.repeats,
                                                      .length = lengths_of(task),
                                                      .train_seed = config.seed,
                                                      .eval_seed = task.eval.seed,
                                                      .train_examples = task.train_examples,
                                                      .eval_examples = task.eval.examples});
}

std::unique_ptr<Task> make_modular(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Modular>(
      ModularOptions{.operation = operation_of(task.modular.op),
                     .p = task.modular.p,
                     .block = config.model.arch == config::Arch::kEncoder ? "enc.self" : "dec.self",
                     .seed = task.eval.seed,
                     .train_examples = config::modular_training_pairs(task.modular),
                     .eval_examples = task.eval.examples});
}

std::unique_ptr<Task> make_sort(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Sort>(SortOptions{.layout = layout_of(config.model.arch),
                                            .symbols = task.symbols,
                                            .length = lengths_of(task),
                                            .marks = !config::has_one_length(task),
                                            .hash_split = task.hash_split,
                                            .train_seed = config.seed,
                                            .eval_seed = task.eval.seed,
                                            .train_examples = task.train_examples,
                                            .eval_examples = task.eval.examples});
}

}  // namespace headlight
