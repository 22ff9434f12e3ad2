#include "apps/training/trainer.h"

#include <chrono>

#include "apps/training/build.h"
#include "apps/training/evaluate.h"

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
  /// Writes what was measured since the beginning into a result.
  TrainingResult measured(TrainingResult result) const {
    result.tokens = whole_.tokens;
    result.seconds = whole_.seconds;
    return result;
  }

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

MetricsRow train_row(std::uint64_t step, const UpdateResult& result, const Batch& batch, double learning_rate,
                     double tokens_per_second) {
  const Accuracy accuracy = count_correct(result.logits.value(), batch.targets);
  return {.step = step,
          .split = Split::train,
          .loss = result.loss,
          .tok_acc = accuracy.tok_acc(),
          .seq_acc = accuracy.seq_acc(),
          .update = MetricsRow::Update{.learning_rate = learning_rate * result.rate_factor,
                                       .gradient_norm = result.gradient_norm,
                                       .tokens_per_second = tokens_per_second}};
}

MetricsRow eval_row(std::uint64_t step, const Evaluation& evaluation) {
  return {.step = step,
          .split = Split::eval,
          .loss = evaluation.all.loss(),
          .tok_acc = evaluation.all.accuracy.tok_acc(),
          .seq_acc = evaluation.all.accuracy.seq_acc()};
}

}  // namespace

TrainingResult train(const TrainingSetup& setup, TrainingState state, TrainingObserver& observer) {
  const config::TrainerConfig& trainer = setup.config.trainer;
  const std::uint64_t total = config::total_steps(setup.config);
  const UpdateParts parts{.model = setup.model,
                          .optimizer = setup.optimizer,
                          .schedule = build_schedule(setup.config.schedule),
                          .grad_clip = setup.config.optimizer.grad_clip,
                          .seed = setup.config.seed};
  Batches batches = build_batches(setup.config, setup.task);
  Batch batch;
  Speed speed;
  const auto evaluate_and_log = [&](std::uint64_t examples) {
    const Evaluation evaluation = evaluate(setup.model, setup.task, Split::eval, examples);
    observer.row(eval_row(state.step, evaluation));
    return evaluation;
  };

  if (state.step == 0) evaluate_and_log(trainer.eval_examples);
  while (state.step < total) {
    speed.begin_update();
    batches.fill(state.step, batch);
    const UpdateResult result = run_update(parts, state.step, batch);
    speed.end_update(batch.inputs.size());
    const std::uint64_t step = state.step + 1;
    const bool last = step == total;
    if (!result.applied || last || step % trainer.log_every == 0) {
      observer.row(train_row(step, result, batch, setup.config.optimizer.lr, speed.take()));
    }
    if (!result.applied) {
      const std::string reason = explain_non_finite(parts, state.step, batch);
      if (trainer.non_finite == config::NonFinite::kStop) {
        return speed.measured({.ending = Ending::diverged, .state = state, .reason = reason});
      }
      ++state.skipped;
      observer.skipped(reason);
    }
    state.step = step;
    observer.updated(step);

    const bool stop = observer.stop_requested();
    Evaluation evaluation;
    if (last) {
      evaluation = evaluate_and_log(setup.config.task.eval.examples);
    } else if (step % trainer.eval_every == 0) {
      evaluate_and_log(trainer.eval_examples);
    }
    if (last || stop || step % trainer.checkpoint.every == 0) observer.save(state);
    if (last) return speed.measured({.ending = Ending::finished, .state = state, .evaluation = evaluation});
    if (stop) return speed.measured({.ending = Ending::stopped, .state = state});
  }
  return {.ending = Ending::finished,
          .state = state,
          .evaluation = evaluate(setup.model, setup.task, Split::eval, setup.config.task.eval.examples)};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
