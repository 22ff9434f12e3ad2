// What is the best evaluation, and when a run may end: by hand from the definitions.
#include <cmath>

#include <catch2/catch.hpp>

#include "apps/training/milestones.h"

using namespace headlight;

namespace {

/// An evaluation of one sequence of ten tokens, this many of them right.
Evaluation evaluation(double loss, std::size_t right) {
  Evaluation made;
  made.all.loss_sum = loss * 10;
  made.all.accuracy = {.positions = 10,
                       .correct_positions = right,
                       .sequences = 1,
                       .correct_sequences = right == 10 ? 1U : 0U};
  return made;
}

}  // namespace

TEST_CASE("the best loss is the least, the best accuracy the largest, and the first of equal ones stays") {
  config::TrainerConfig trainer;
  TrainingState state;
  CHECK_FALSE(note_evaluation(trainer, evaluation(1, 5), state));  // nobody asked
  CHECK_FALSE(state.best.has_value());

  trainer.checkpoint.best = config::Metric::kLoss;
  const auto note = [&](std::uint64_t step, double loss, std::size_t right) {
    state.step = step;
    return note_evaluation(trainer, evaluation(loss, right), state);
  };
  CHECK(note(1, 0.5, 5));
  CHECK_FALSE(note(2, 0.5, 5));
  CHECK_FALSE(note(3, 0.75, 5));
  CHECK_FALSE(note(4, std::nan(""), 5));
  CHECK(note(5, 0.25, 5));
  CHECK(state.best->step == 5);
  CHECK(state.best->value == 0.25);

  state = {};
  trainer.checkpoint.best = config::Metric::kTokAcc;
  CHECK(note(1, 1, 5));
  CHECK_FALSE(note(2, 0, 4));
  CHECK(note(3, 9, 6));
  CHECK(state.best->value == Approx(0.6));
}

TEST_CASE("a run may end when the figure has reached its limit as often in a row as asked") {
  config::TrainerConfig trainer;
  trainer.stop_when = {.metric = config::Metric::kSeqAcc, .at_least = 1.0, .at_most = {}, .times = 2};
  TrainingState state;
  const auto note = [&](double loss, std::size_t right) {
    note_evaluation(trainer, evaluation(loss, right), state);
    return has_reached(trainer, state);
  };
  CHECK_FALSE(note(0, 10));
  CHECK_FALSE(note(0, 9));  // begins anew
  CHECK_FALSE(note(0, 10));
  CHECK(note(0, 10));
  CHECK(note(0, 10));
  CHECK(describe(trainer.stop_when) == "eval/seq_acc at least 1, 2 times in a row");

  trainer.stop_when = {.metric = config::Metric::kLoss, .at_least = {}, .at_most = 0.5, .times = 1};
  state = {};
  CHECK_FALSE(note(std::nan(""), 0));
  CHECK_FALSE(note(0.51, 0));
  CHECK(note(0.5, 0));
  CHECK(describe(trainer.stop_when) == "eval/loss at most 0.5");
  CHECK_FALSE(has_reached({}, state));
}

TEST_CASE("targets that are numbers have no accuracy") {
  Evaluation numbers = evaluation(2, 10);
  numbers.numbers = true;
  CHECK(figure(config::Metric::kLoss, numbers) == 2.0);
  CHECK_FALSE(figure(config::Metric::kSeqAcc, numbers).has_value());
}
