#include "apps/training/trainer.h"

#include <chrono>
#include <utility>
#include <vector>

#include "apps/training/build.h"
#include "apps/training/evaluate.h"
#include "apps/training/milestones.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Tokens per second of training alone: paused while something else is done.
class Speed {
 public:
  void begin_update() { begin_ = Clock::now(); }
  void end_update(std::size_t tokens) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    for (Measure* sum : {&since_row_, &whole_}) {
      sum->seconds += seconds;
      sum->tokens += tokens;
    }
  }
  /// Tokens per second since the last call.
  double take() {
    const Measure taken = since_row_;
    since_row_ = {};
    return taken.seconds > 0 ? static_cast<double>(taken.tokens) / taken.seconds : 0;
  }
  /// Since the beginning.
  std::uint64_t tokens() const { return whole_.tokens; }
  double seconds() const { return whole_.seconds; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Measure {
    std::uint64_t tokens = 0;
    double seconds = 0;
  };
  Clock::time_point begin_{};
  Measure since_row_{};
  Measure whole_{};
};

void add_accuracy(const Accuracy& accuracy, MetricsRow& row) {
  row.tok_acc = accuracy.tok_acc();
  row.seq_acc = accuracy.seq_acc();
}

MetricsRow train_row(std::uint64_t step, const UpdateResult& result, const std::vector<Batch>& batches,
                     double learning_rate, double tokens_per_second) {
  MetricsRow row{.step = step,
                 .split = Split::train,
                 .loss = result.loss,
                 .hidden_rows = result.hidden_rows,
                 .update = MetricsRow::Update{.learning_rate = learning_rate * result.rate_factor,
                                              .gradient_norm = result.gradient_norm,
                                              .tokens_per_second = tokens_per_second}};
  if (!batches.front().values.empty()) return row;
  Accuracy accuracy;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    accuracy += count_correct(result.answers[i].value(), batches[i].targets);
  }
  add_accuracy(accuracy, row);
  return row;
}

MetricsRow eval_row(std::uint64_t step, const Evaluation& evaluation) {
  MetricsRow row{.step = step,
                 .split = Split::eval,
                 .loss = evaluation.all.loss(),
                 .hidden_rows = evaluation.hidden_rows};
  if (!evaluation.numbers) add_accuracy(evaluation.all.accuracy, row);
  return row;
}

}  // namespace

TrainingResult train(const TrainingSetup& setup, TrainingState state, TrainingObserver& observer) {
  const config::TrainerConfig& trainer = setup.config.trainer;
  const std::uint64_t total = config::total_steps(setup.config);
  const Objective objective(setup.config.loss, setup.task, setup.model);
  const UpdateParts parts{.model = setup.model,
                          .objective = objective,
                          .optimizer = setup.optimizer,
                          .schedule = build_schedule(setup.config),
                          .grad_clip = setup.config.optimizer.grad_clip,
                          .seed = setup.config.seed};
  Batches batches = build_batches(setup.config, setup.task);
  const std::size_t accumulate = setup.config.optimizer.accumulate;
  std::vector<Batch> micro_batches(accumulate);
  Speed speed;
  TrainingResult result;
  result.state = std::move(state);
  const auto measure = [&](std::uint64_t examples) {
    const Optimizer::EvaluationWeights averaged(setup.optimizer);
    result.evaluation = evaluate(setup.model, setup.task, {.examples = examples, .loss = setup.config.loss.type});
  };
  const auto ended = [&](Ending ending) {
    result.ending = ending;
    result.tokens = speed.tokens();
    result.seconds = speed.seconds();
    return result;
  };

  if (result.state.step >= total || has_reached(trainer, result.state)) {
    measure(setup.config.task.eval.examples);
    return ended(result.state.step >= total ? Ending::finished : Ending::reached);
  }
  if (result.state.step == 0 || setup.evaluate_first) {
    measure(trainer.eval_examples);
    observer.row(eval_row(result.state.step, result.evaluation));
  }
  if (result.state.step == 0) observer.reached(0, false);
  result.state.ended = false;
  for (;;) {
    speed.begin_update();
    std::size_t tokens = 0;
    for (std::size_t i = 0; i < accumulate; ++i) {
      batches.fill(result.state.step * accumulate + i, micro_batches[i]);
      tokens += micro_batches[i].tokens();
    }
    const UpdateResult update = run_update(parts, result.state.step, micro_batches);
    speed.end_update(tokens);
    const std::uint64_t step = result.state.step + 1;
    const bool last = step == total;
    if (!update.applied || last || step % trainer.log_every == 0) {
      observer.row(train_row(step, update, micro_batches, setup.config.optimizer.lr, speed.take()));
    }
    if (!update.applied) {
      result.reason = explain_non_finite(parts, result.state.step, micro_batches);
      if (trainer.non_finite == config::NonFinite::kStop) return ended(Ending::diverged);
      ++result.state.skipped;
      observer.skipped(result.reason);
    }
    result.state.step = step;
    observer.updated(step);

    const bool stop = observer.stop_requested();
    const bool regular = step % trainer.eval_every == 0;
    bool best = false;
    // At the last step too, so that a run that goes on from there has decided what an uninterrupted one would have.
    if (regular && (!last || trainer.checkpoint.best || trainer.stop_when.metric)) {
      measure(trainer.eval_examples);
      best = note_evaluation(trainer, result.evaluation, result.state);
    }
    const bool reached = regular && has_reached(trainer, result.state);
    if (last || reached) measure(setup.config.task.eval.examples);
    if (last || regular) observer.row(eval_row(step, result.evaluation));
    result.state.ended = last || reached;
    observer.reached(step, result.state.ended);
    if (last || reached || stop || best || step % trainer.checkpoint.every == 0) observer.save(result.state);
    if (last) return ended(Ending::finished);
    if (reached) return ended(Ending::reached);
    if (stop) return ended(Ending::stopped);
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
