// From the configs of recall, mqar, rasp, formal and linreg to what is trained: sizes, batches and reports.
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/linreg.h"
#include "apps/training/evaluate.h"
#include "apps/training/objective.h"
#include "layers/summary.h"
#include "tests/apps/training/training_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

config::Config shipped(const std::string& name, const std::vector<std::string>& overrides = {}) {
  return config::read_config({std::string(HEADLIGHT_SOURCE_DIR) + "/data/configs/" + name + ".json"}, overrides).config;
}

config::Config tiny(const std::string& task, const std::vector<std::string>& overrides = {}) {
  const std::string text = R"({"task": {)" + task + R"(, "eval": {"examples": 12}},
    "model": {"d_model": 8, "heads": 2, "layers": 1, "d_ff": 16}, "optimizer": {"lr": 0.01},
    "trainer": {"steps": 4, "batch_size": 4, "eval_every": 4}})";
  return config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}, overrides).config;
}

}  // namespace

TEST_CASE("the shipped configs have as many parameters as their shapes give") {
  // By hand: embeddings and positions, layers x (norms, attention, feed-forward), final norm, head.
  const auto layers = [](std::size_t count, std::size_t d, std::size_t ff, std::size_t attention_bias) {
    return count * (4 * d + 4 * (d * d + attention_bias * d) + 2 * d * ff + ff + d);
  };
  const std::vector<std::pair<std::string, std::size_t>> counts = {
      // Tied: vocabulary x d, positions x d.
      {"recall", (10 + 22) * 32 + layers(2, 32, 128, 1) + 64},
      {"recall-20", (20 + 42) * 32 + layers(2, 32, 128, 1) + 64},
      {"recall-induction", (20 + 31) * 32 + layers(2, 32, 128, 1) + 64},
      // Attention and its norm alone in each layer.
      {"mqar", (256 + 64) * 64 + 2 * (4 * (64 * 64 + 64) + 128) + 128},
      {"mqar-1layer", (256 + 64) * 64 + 4 * (64 * 64 + 64) + 128 + 128},
      // A head of its own, without bias.
      {"rasp", (7 + 8 + 7) * 64 + layers(1, 64, 64, 1) + 128},
      {"rasp-double-hist", (7 + 8 + 6) * 64 + layers(3, 64, 64, 1) + 128},
      {"rasp-reverse", (7 + 8 + 5) * 64 + layers(3, 64, 64, 1) + 128},
      {"rasp-sort", (7 + 8 + 5) * 64 + layers(3, 64, 64, 1) + 128},
      {"rasp-most-freq", (7 + 8 + 7) * 64 + layers(3, 64, 64, 1) + 128},
      {"rasp-dyck1", (3 + 16 + 3) * 64 + layers(3, 64, 64, 1) + 128},
      {"rasp-dyck2", (5 + 16 + 3) * 64 + layers(3, 64, 64, 1) + 128},
      // Symbols and the dummy; post-norm, so no final norm; a head with bias.
      {"formal", 3 * 64 + layers(5, 64, 256, 0) + 2 * 65},
      {"formal-even-pairs", 3 * 64 + layers(5, 64, 256, 0) + 5 * 8 * (2 * 2 + 1) + 2 * 65},  // a bias per distance
      {"formal-cycle-nav", 4 * 64 + layers(5, 64, 256, 0) + 5 * 65},
      {"formal-reverse-string", 3 * 64 + layers(5, 64, 256, 0) + 2 * 65},
      {"formal-stack", 6 * 64 + layers(5, 64, 256, 0) + 3 * 65},
      {"formal-bucket-sort", 6 * 64 + layers(5, 64, 256, 0) + 5 * 65},
      {"formal-duplicate", 3 * 64 + layers(5, 64, 256, 0) + 2 * 65},
      {"formal-missing-dup", 5 * 64 + layers(5, 64, 256, 0) + 2 * 65},
      {"formal-odds-first", 3 * 64 + layers(5, 64, 256, 0) + 2 * 65},
      // Vectors through a linear map with bias.
      {"linreg", 5 * 64 + 64 + 22 * 64 + layers(3, 64, 256, 1) + 128 + 65},
  };
  for (const auto& [name, count] : counts) {
    INFO(name);
    const Parts parts(shipped(name, {"task.eval.examples=20", "trainer.eval_examples=20"}));
    CHECK(parts.config.name == name);
    CHECK(parameter_count(*parts.model) == count);
    CHECK(parts.task->shape().length == config::needed_positions(parts.config));
  }
  CHECK(counts[0].second == 26496);
  // Twelve layers of the size of the paper are only counted: its "9.5M".
  CHECK(20 * 256 + 256 + 82 * 256 + layers(12, 256, 1024, 1) + 512 + 257 == 9504257);
  CHECK(config::total_steps(shipped("recall")) == 31400);
  CHECK(config::total_steps(shipped("recall-20")) == 62800);
  CHECK(config::total_steps(shipped("mqar")) == 6256);
  CHECK(shipped("linreg-20").trainer.curriculum.length.by == 2);
}

TEST_CASE("every task of an algorithm trains in every architecture that it has") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> tasks = {
      {R"("type": "recall", "symbols": 8, "length": 6, "train_examples": 40)", {"decoder"}},
      {R"("type": "recall", "variant": "induction_head", "symbols": 8, "length": 6, "train_examples": 40)",
       {"decoder"}},
      {R"("type": "mqar", "vocab": 16, "length": 12, "pairs": 2, "train_examples": 40)", {"encoder", "decoder"}},
      {R"("type": "rasp", "program": "sort", "train_examples": 40)", {"encoder", "decoder"}},
      {R"("type": "rasp", "program": "dyck2", "train_examples": 40)", {"encoder", "decoder"}},
      {R"("type": "formal", "problem": "stack", "length": {"min": 1, "max": 9})", {"encoder", "decoder"}},
      {R"("type": "formal", "problem": "parity", "length": 7)", {"encoder", "decoder"}},
      {R"("type": "linreg", "dimensions": 3, "points": 4)", {"decoder"}},
  };
  for (const auto& [task, architectures] : tasks) {
    for (const std::string& arch : architectures) {
      INFO(task << " " << arch);
      Parts parts(tiny(task, {"model.arch=" + arch}));
      Notes notes;
      const TrainingResult result = train(parts.setup(), {}, notes);
      CHECK(result.ending == Ending::finished);
      CHECK(std::isfinite(result.evaluation.all.loss()));
      CHECK(result.evaluation.all.accuracy.sequences == 12);
      for (const AttentionPattern& pattern : parts.task->patterns()) {
        CHECK(pattern.block == (arch == "encoder" ? "enc.self" : "dec.self"));
      }
    }
  }
}

TEST_CASE("only the answers of recall count in its evaluation, and everything in its training") {
  Parts parts(tiny(R"("type": "recall", "symbols": 8, "length": 6, "train_examples": 40)"));
  const Evaluation held_out = evaluate(*parts.model, *parts.task, {.examples = 12});
  CHECK(held_out.all.accuracy.positions == 12);
  const Evaluation trained_on = evaluate(*parts.model, *parts.task, {.split = Split::train, .examples = 40});
  CHECK(trained_on.all.accuracy.positions == 40 * 8);
}

TEST_CASE("a batch may have one length, sizes may grow, and examples may be drawn with replacement") {
  Batch batch;
  const config::Config lengths =
      tiny(R"("type": "formal", "length": {"min": 3, "max": 9})", {"trainer.length_per_batch=true"});
  const std::unique_ptr<Task> formal = make_task(lengths);
  Batches even = build_batches(lengths, *formal);
  std::vector<std::size_t> seen(10);
  for (std::uint64_t step = 0; step < 200; ++step) {
    even.fill(step, batch);
    // Parity has one dummy.
    for (const std::size_t length : batch.lengths) CHECK(length == batch.lengths[0]);
    ++seen.at(batch.lengths[0] - 1);
  }
  // Seven lengths: one is missing with probability 7 (6/7)^200 < 1e-12.
  for (std::size_t length = 3; length < 10; ++length) CHECK(seen[length] > 0);

  // Two micro-batches make an update; it grows every 3 updates.
  const config::Config grown = tiny(R"("type": "linreg", "dimensions": 4, "points": 5)",
                                    {"trainer.curriculum.dimensions={\"start\": 2, \"every\": 3}",
                                     "trainer.curriculum.length.start=5", "optimizer.accumulate=2"});
  const std::unique_ptr<Task> linreg = make_task(grown);
  Batches growing = build_batches(grown, *linreg);
  const auto dimensions = [&](std::uint64_t micro_batch) {
    growing.fill(micro_batch, batch);
    std::size_t used = 0;
    for (std::size_t i = 0; i < 4; ++i) used += batch.vectors[i] != 0 ? 1U : 0U;
    return used;
  };
  CHECK(dimensions(0) == 2);
  CHECK(dimensions(5) == 2);
  CHECK(dimensions(6) == 3);
  CHECK(dimensions(12) == 4);
  CHECK(dimensions(99) == 4);
  CHECK(batch.lengths[0] == 10);

  const config::Config replaced =
      tiny(R"("type": "reverse", "train_examples": 3)", {"trainer.sampling=replacement", "trainer.batch_size=64"});
  const std::unique_ptr<Task> reverse = make_task(replaced);
  Batches drawn = build_batches(replaced, *reverse);
  drawn.fill(0, batch);
  CHECK(batch.size() == 64);
  CHECK(drawn.steps_per_epoch() == 0);
}

TEST_CASE("the error of linreg is reported by how many points came before") {
  Parts parts(tiny(R"("type": "linreg", "dimensions": 3, "points": 4)"));
  const Evaluation found = evaluate(*parts.model, *parts.task, {.examples = 12, .loss = config::LossType::kMse});
  REQUIRE(found.by_position.size() == 4);
  double sum = 0;
  for (const auto& [earlier, score] : found.by_position) {
    CHECK(earlier < 4);
    CHECK(score.accuracy.sequences == 12);
    CHECK(score.accuracy.positions == 12);
    sum += score.loss_sum;
  }
  CHECK(sum == Approx(found.all.loss_sum).epsilon(1e-12));
  // The one behind no point at all by hand: the model's answer to each first point.
  double first = 0;
  for (std::uint64_t index = 0; index < 12; ++index) {
    Example example;
    parts.task->example({.split = Split::eval, .index = index}, example);
    const Array answers = run_model(*parts.model, example_batch(*parts.task, example), {}).value();
    first += std::pow(static_cast<double>(answers.data()[0]) - example.values[0], 2) / 12;
  }
  CHECK(found.by_position.at(0).loss() == Approx(first).epsilon(sizeof(Real) == 8 ? 1e-12 : 1e-4));
  Parts reverse(tiny(R"("type": "reverse", "train_examples": 40)"));
  CHECK(evaluate(*reverse.model, *reverse.task, {.examples = 12}).by_position.empty());
}
