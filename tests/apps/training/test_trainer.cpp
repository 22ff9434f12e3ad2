#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "apps/training/evaluate.h"
#include "core/parallel.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using headlight::testing::tiny_config;
using testing::Notes;
using testing::Parts;
using testing::weight_bytes;

struct Trained {
  std::string weights;
  std::vector<MetricsRow> rows;
};

Trained train_with_threads(const config::Config& config, std::size_t threads) {
  const std::size_t before = thread_count();
  set_thread_count(threads);
  Parts parts(config);
  Notes notes;
  train(parts.setup(), {}, notes);
  set_thread_count(before);
  return {weight_bytes(*parts.model), notes.rows};
}

/// Writes NaN into the first weight of the model.
void spoil(const Model& model) {
  const Tensor parameter = model.parameters().front().tensor;
  Array value = parameter.value();
  value.data()[0] = std::numeric_limits<Real>::quiet_NaN();
  parameter.assign(value);
}

}  // namespace

TEST_CASE("A run gives the same weights and figures again, for every number of threads") {
  // 160 sequences of 8 are 1280 rows of 64: ten chunks of 128 rows for losses and norms, several of every matrix product
  // and of the 81920 elements that elementwise operations cut into chunks of 16384.
  const auto config_of_seed = [](int seed) {
    return tiny_config({"steps=4", "task.length=8", "task.train_examples=200", "batch_size=160", "d_model=64",
                        "model.d_ff=128", "seed=" + std::to_string(seed)});
  };
  const config::Config config = config_of_seed(3);
  const Trained first = train_with_threads(config, 1);
  for (const std::size_t threads : {1U, 2U, 3U}) {
    const Trained again = train_with_threads(config, threads);
    CHECK(again.weights == first.weights);
    REQUIRE(again.rows.size() == first.rows.size());
    for (std::size_t i = 0; i < first.rows.size(); ++i) {
      CHECK(again.rows[i].step == first.rows[i].step);
      CHECK(again.rows[i].loss == first.rows[i].loss);
      CHECK(again.rows[i].tok_acc == first.rows[i].tok_acc);
      CHECK(again.rows[i].seq_acc == first.rows[i].seq_acc);
      CHECK(again.rows[i].update.has_value() == first.rows[i].update.has_value());
      if (first.rows[i].update) CHECK(again.rows[i].update->gradient_norm == first.rows[i].update->gradient_norm);
    }
  }
  CHECK(train_with_threads(config_of_seed(4), 1).weights != first.weights);
}

TEST_CASE("Rows, evaluations and checkpoints come at the steps that the config says") {
  Parts parts(tiny_config());
  Notes notes;
  const TrainingResult result = train(parts.setup(), {}, notes);
  std::vector<std::pair<std::uint64_t, Split>> places;
  for (const MetricsRow& row : notes.rows) places.emplace_back(row.step, row.split);
  const std::vector<std::pair<std::uint64_t, Split>> expected = {{0, Split::eval},  {4, Split::train},
                                                                 {5, Split::eval},  {8, Split::train},
                                                                 {10, Split::eval}, {12, Split::train},
                                                                 {12, Split::eval}};
  CHECK(places == expected);
  CHECK(notes.saves == std::vector<std::uint64_t>{5, 10, 12});
  CHECK(result.ending == Ending::finished);
  CHECK(result.state.step == 12);
  // During training 10 examples are evaluated, at the end all 20 of 4 positions.
  CHECK(result.evaluation.all.accuracy.positions == 80);
  CHECK(result.evaluation.by_length.at(4).accuracy.sequences == 20);
  CHECK(notes.rows.back().loss == result.evaluation.all.loss());
}

TEST_CASE("Rows count the queries that see no key") {
  // A query that sees itself alone sees nothing where it is padding: so many in each of 2 heads.
  const config::Config config = tiny_config({R"(task.length={"min": 2, "max": 4})", "model.attention.window=1",
                                             "trainer.log_every=1", "steps=1", "optimizer.accumulate=2"});
  Parts parts(config);
  const auto padding = [](const Batch& batch) {
    std::size_t count = 0;
    for (const std::size_t length : batch.lengths) count += batch.inputs.shape()[1] - length;
    return count;
  };
  Batches batches = build_batches(config, *parts.task);
  Batch batch;
  std::size_t of_batches = 0;
  for (const std::uint64_t index : {0U, 1U}) {
    batches.fill(index, batch);
    of_batches += padding(batch);
  }
  fill_batch(*parts.task, Split::eval, 0, 20, batch);
  REQUIRE(of_batches > 0);
  REQUIRE(padding(batch) > 0);
  Notes notes;
  train(parts.setup(), {}, notes);
  REQUIRE(notes.rows.size() == 3);
  CHECK(notes.rows[1].hidden_rows == 2 * of_batches);
  CHECK(notes.rows[2].hidden_rows == 2 * padding(batch));
  // With keys for everyone there are none.
  Parts whole(tiny_config({"steps=1"}));
  Notes none;
  train(whole.setup(), {}, none);
  for (const MetricsRow& row : none.rows) CHECK(row.hidden_rows == 0);
}

TEST_CASE("A training row tells of the batch before its update") {
  const config::Config config = tiny_config({"dropout=0", "trainer.log_every=1", "steps=1"});
  Parts parts(config);
  Batch batch;
  build_batches(config, *parts.task).fill(0, batch);
  const Accuracy before = count_correct((*parts.model)(batch.inputs, {}).value(), batch.targets);
  Notes notes;
  train(parts.setup(), {}, notes);
  const MetricsRow& row = notes.rows.at(1);
  CHECK(row.step == 1);
  CHECK(row.tok_acc == before.tok_acc());
  CHECK(row.update->learning_rate == 0.01);
}

TEST_CASE("Micro-batches add up to the batch that they are parts of") {
  // One batch of 24, and three of 8 of the same examples: the mean of the means of equal parts is the mean.
  const auto trained = [](const std::vector<std::string>& more) {
    std::vector<std::string> overrides{"dropout=0", "steps=1", "task.train_examples=24", "optimizer.type=sgd",
                                       "trainer.log_every=1"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    Parts parts(tiny_config(overrides));
    Notes notes;
    train(parts.setup(), {}, notes);
    std::vector<Array> values;
    for (const NamedParameter& parameter : parts.model->parameters()) values.push_back(parameter.tensor.value());
    return std::make_pair(values, notes.rows.at(1));
  };
  const auto [whole, whole_row] = trained({"batch_size=24"});
  const auto [parts, parts_row] = trained({"batch_size=8", "optimizer.accumulate=3"});
  // Sums of 96 terms in another order; the rate of .01 makes the weights' differences smaller still.
  const double tolerance = sizeof(Real) == 8 ? 1e-14 : 1e-6;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (std::size_t j = 0; j < whole[i].size(); ++j) {
      CHECK(std::abs(static_cast<double>(whole[i].data()[j] - parts[i].data()[j])) <= tolerance);
    }
  }
  CHECK(std::abs(whole_row.loss - parts_row.loss) <= 10 * tolerance);
  CHECK(std::abs(whole_row.update->gradient_norm - parts_row.update->gradient_norm) <= 100 * tolerance);
  CHECK(whole_row.tok_acc == parts_row.tok_acc);
  CHECK(whole_row.seq_acc == parts_row.seq_acc);
}

TEST_CASE("Each micro-batch of an update has dropout of its own, and those of the next update others") {
  Parts parts(tiny_config({"dropout=0.5", "optimizer.lr=1e-30"}));  // the weights stay as they are
  const Objective objective(parts.config.loss, *parts.task, *parts.model);
  const UpdateParts update{.model = *parts.model, .objective = objective, .optimizer = *parts.optimizer, .seed = 3};
  Batch batch;
  build_batches(parts.config, *parts.task).fill(0, batch);
  const std::vector<Batch> twice{batch, batch};
  const UpdateResult first = run_update(update, 0, twice), second = run_update(update, 1, twice);
  const std::vector<Array> logits{first.answers[0].value(), first.answers[1].value(), second.answers[0].value(),
                                  second.answers[1].value()};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(same_bytes(logits[i], logits[j]));
  }
}

TEST_CASE("The average of the weights is evaluated, and watching it changes no training") {
  Parts plain(tiny_config()), averaged(tiny_config({"optimizer.ema=0.5"}));
  Notes plain_notes, averaged_notes;
  train(plain.setup(), {}, plain_notes);
  train(averaged.setup(), {}, averaged_notes);
  CHECK(weight_bytes(*plain.model) == weight_bytes(*averaged.model));
  REQUIRE(plain_notes.rows.size() == averaged_notes.rows.size());
  for (std::size_t i = 0; i < plain_notes.rows.size(); ++i) {
    const bool same = plain_notes.rows[i].loss == averaged_notes.rows[i].loss;
    // Nothing has been averaged at step 0.
    CHECK(same == (plain_notes.rows[i].split == Split::train || plain_notes.rows[i].step == 0));
  }
}

TEST_CASE("A run learns with every optimizer") {
  // As below: guessing costs 1.0986 nat. The rates are each type's usual ones, somewhat larger for 300 short steps.
  for (const std::vector<std::string>& overrides : std::vector<std::vector<std::string>>{
           {"optimizer.type=rmsprop", "lr=0.005"},
           {"optimizer.type=lion", "lr=0.002"},
           {"optimizer.type=muon", "lr=0.02", "optimizer.adamw_lr=0.01"},
           {"optimizer.type=adafactor", "lr=0.05"},
           {"optimizer.type=schedule_free", "lr=0.02"},
           {"optimizer.ema=0.9", R"(optimizer.groups=[{"match": "layers.*", "type": "muon", "lr": 0.02}])"}}) {
    INFO(overrides[0]);
    std::vector<std::string> all{"steps=300", "dropout=0", "trainer.eval_every=300"};
    all.insert(all.end(), overrides.begin(), overrides.end());
    Parts parts(tiny_config(all));
    Notes notes;
    CHECK(train(parts.setup(), {}, notes).evaluation.all.loss() < 0.3);
  }
}

TEST_CASE("A run that is asked to stop finishes its step, saves and ends") {
  Parts parts(tiny_config());
  Notes notes;
  notes.stop_at = 7;
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.ending == Ending::stopped);
  CHECK(result.state.step == 7);
  CHECK(notes.saves == std::vector<std::uint64_t>{5, 7});
}

TEST_CASE("A run learns") {
  Parts parts(tiny_config({"steps=300", "dropout=0", "trainer.eval_every=300"}));
  Notes notes;
  const TrainingResult result = train(parts.setup(), {}, notes);
  // Guessing costs log 3 = 1.0986 nat per symbol and gets a third right; this task is solved to below a tenth of it.
  CHECK(notes.rows.front().loss > 0.9);
  CHECK(result.evaluation.all.loss() < 0.11);
  CHECK(result.evaluation.all.accuracy.tok_acc() > 0.95);
}

TEST_CASE("A loss that is not finite stops the run, naming the operation, the layer and the step") {
  Parts parts(tiny_config());
  Notes notes;
  notes.spoil_at = 6;
  notes.spoil = [&] { spoil(*parts.model); };
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.ending == Ending::diverged);
  CHECK(result.state.step == 6);
  CHECK(notes.saves == std::vector<std::uint64_t>{5});
  CHECK_THAT(result.reason, Catch::Contains("embedding") && Catch::Contains("step 7"));
  CHECK(notes.rows.back().step == 7);
  CHECK(std::isnan(notes.rows.back().loss));
}

TEST_CASE("An update that is not finite can be left out, and is counted") {
  Parts parts(tiny_config({"trainer.non_finite=skip"}));
  Notes notes;
  notes.spoil_at = 10;
  std::string at_ten;
  notes.spoil = [&] {
    spoil(*parts.model);
    at_ten = weight_bytes(*parts.model);
  };
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.ending == Ending::finished);
  CHECK(result.state.step == 12);
  CHECK(result.state.skipped == 2);
  CHECK(notes.reasons.size() == 2);
  CHECK(weight_bytes(*parts.model) == at_ten);
}

TEST_CASE("A finished state has nothing left to train") {
  Parts parts(tiny_config());
  const std::string before = weight_bytes(*parts.model);
  Notes notes;
  const TrainingResult result = train(parts.setup(), {.step = 12}, notes);
  CHECK(result.ending == Ending::finished);
  CHECK(notes.rows.empty());
  CHECK(weight_bytes(*parts.model) == before);
}

TEST_CASE("Accuracy counts positions with a target and whole sequences, and NaN is never right") {
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  // Two sequences of two positions and three classes. Predictions: 2, then the first of two equal ones: 0; NaN aside:
  // 1, nothing but NaN: none.
  Array logits = uninitialized({2, 2, 3});
  const std::vector<Real> values = {0, 1, 2, 5, 5, 1, nan, 1, 0, nan, nan, nan};
  std::copy(values.begin(), values.end(), logits.data());
  Tokens targets(Shape{2, 2});
  const std::vector<std::int32_t> wanted = {2, 0, 1, 0};
  std::copy(wanted.begin(), wanted.end(), targets.data());
  Accuracy counted = count_correct(logits, targets);
  CHECK(counted.positions == 4);
  CHECK(counted.correct_positions == 3);
  CHECK(counted.correct_sequences == 1);
  CHECK(counted.tok_acc() == 0.75);
  CHECK(counted.seq_acc() == 0.5);
  targets(1, 1) = kIgnoredTarget;
  counted = count_correct(logits, targets);
  CHECK(counted.positions == 3);
  CHECK(counted.correct_sequences == 2);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
