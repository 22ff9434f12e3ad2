#include "apps/tasks/make_algorithms.h"

#include "apps/tasks/formal.h"
#include "apps/tasks/linreg.h"
#include "apps/tasks/makers.h"
#include "apps/tasks/mqar.h"
#include "apps/tasks/rasp.h"
#include "apps/tasks/recall.h"

namespace headlight {
namespace {

ExampleSeeds seeds_of(const config::Config& config) { return {.train = config.seed, .eval = config.task.eval.seed}; }

DrawnSets sets_of(const config::Config& config) {
  return {.seeds = seeds_of(config),
          .train_examples = config.task.train_examples,
          .eval_examples = config.task.eval.examples};
}

/// The self-attention of a model of one stack.
const char* self_attention(const config::Config& config) {
  return config.model.arch == config::Arch::kEncoder ? "enc.self" : "dec.self";
}

}  // namespace

std::unique_ptr<Task> make_recall(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Recall>(RecallOptions{
      .variant = task.recall.variant, .symbols = task.symbols, .length = lengths_of(task), .sets = sets_of(config)});
}

std::unique_ptr<Task> make_mqar(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Mqar>(MqarOptions{.vocab = task.mqar.vocab,
                                            .length = lengths_of(task),
                                            .pairs = task.mqar.pairs,
                                            .power = task.mqar.power,
                                            .random_non_queries = task.mqar.random_non_queries,
                                            .block = self_attention(config),
                                            .sets = sets_of(config)});
}

std::unique_ptr<Task> make_rasp(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Rasp>(RaspOptions{.program = task.rasp.program,
                                            .symbols = task.symbols,
                                            .length = lengths_of(task),
                                            .block = self_attention(config),
                                            .sets = sets_of(config)});
}

std::unique_ptr<Task> make_formal(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Formal>(FormalOptions{.problem = task.formal.problem,
                                                .length = lengths_of(task),
                                                .block = self_attention(config),
                                                .seeds = seeds_of(config),
                                                .train_examples = task.train_examples,
                                                .eval_examples = task.eval.examples});
}

std::unique_ptr<Task> make_linreg(const config::Config& config) {
  const config::TaskConfig& task = config.task;
  return std::make_unique<Linreg>(LinregOptions{.dimensions = task.linreg.dimensions,
                                                .points = lengths_of(task),
                                                .noise = task.linreg.noise,
                                                .seeds = seeds_of(config),
                                                .train_examples = task.train_examples,
                                                .eval_examples = task.eval.examples});
}

}  // namespace headlight
