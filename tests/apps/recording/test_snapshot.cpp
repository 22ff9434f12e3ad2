// Files of snapshots, against the model's own forward pass, which other tests compare with PyTorch.
#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "apps/heads/attention_report.h"
#include "apps/inspect/capture.h"
#include "apps/recording/snapshot.h"
#include "apps/recording/snapshot_images.h"
#include "apps/tasks/batches.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/io/array_io.h"
#include "core/io/safetensors.h"
#include "tests/apps/heads/own_attention.h"
#include "tests/apps/training/training_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

/// A run's parts with its probes.
struct Watched {
  explicit Watched(const config::Config& config) : parts(config), probes(choose_probes(config, *parts.task)) {}
  Snapshot snapshot() { return take_snapshot(*parts.model, *parts.task, probes, parts.config.probes); }

  Parts parts;
  std::vector<Probe> probes;
};

/// An encoder-decoder whose inputs have from 2 to 4 symbols.
config::Config two_stacks(const std::vector<std::string>& overrides = {}) {
  return config::read_config_text({{.name = "a.json",
                                    .text = R"({
      "task": {"type": "copy", "symbols": 5, "length": {"min": 2, "max": 4}},
      "trainer": {"steps": 3}, "probes": {"random": 8},
      "model": {"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 2, "heads": 2, "d_model": 8,
                "max_len": 6}})",
                                    .directory = {}}},
                                  overrides)
      .config;
}

Array logits_of(Watched& run, std::size_t probe) {
  const NoGrad no_grad;
  return run_model(*run.parts.model, example_batch(*run.parts.task, run.probes[probe].example), {}).value();
}

}  // namespace

TEST_CASE("A file has the maps of all blocks, each probe at the beginning of its place and zeros behind") {
  Watched run(two_stacks());
  const TemporaryDirectory directory;
  write_snapshot(directory / "a", run.snapshot(), 7, config::SnapshotType::kFloat32);
  const SafetensorsFile file(directory / "a");
  for (const char* name :
       {"enc.self.layer0", "dec.self.layer0", "dec.self.layer1", "dec.cross.layer0", "dec.cross.layer1"}) {
    CHECK(file.find(name) != nullptr);
  }
  CHECK(file.find("enc.self.layer1") == nullptr);
  CHECK(file.metadata().at("step") == "7");
  CHECK(file.metadata().at("axes") == "probe,head,query,key");
  CHECK(file.metadata().at("rows") == "tgt_in");
  CHECK(file.metadata().at("dec.self.layer1.mask") == "causal");
  CHECK(file.metadata().at("dec.cross.layer1.mask") == "full");
  CHECK(file.metadata().at("dec.cross.layer1.path") == "decoder.layers.1.cross_attention");

  const Array cross = read_array(file.file(), file.tensor("dec.cross.layer1"));
  REQUIRE(cross.shape() == Shape{8, 2, 5, 4});  // the longest target has an end mark more than its source
  for (std::size_t p = 0; p < run.probes.size(); ++p) {
    const Example& example = run.probes[p].example;
    AttentionCapture capture;
    const NoGrad no_grad;
    run_model(*run.parts.model, example_batch(*run.parts.task, example), {.recorder = &capture});
    const auto layer =
        std::find_if(capture.layers().begin(), capture.layers().end(), [](const AttentionWeights& weights) {
          return weights.path == "decoder.layers.1.cross_attention";
        });
    REQUIRE(layer != capture.layers().end());
    for (std::size_t head = 0; head < 2; ++head) {
      for (std::size_t query = 0; query < 5; ++query) {
        for (std::size_t key = 0; key < 4; ++key) {
          const bool real = query < example.begun.size() && key < example.input.size();
          const float expected = real ? layer->row(0, head, query)[key] : 0.0F;
          CHECK(cross.data()[((p * 2 + head) * 5 + query) * 4 + key] == expected);
        }
      }
    }
  }
}

TEST_CASE("A snapshot and a map of a checkpoint say the same of what is hidden, and nothing is of a user's own layer") {
  Watched run(with_model(R"("arch": "decoder", "blocks": [{"type": "own_attention"},
      {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 1, "window": 2}, "width": 8}])",
                         {"probes.random=1"}));
  Snapshot snapshot = run.snapshot();
  const AttentionLook look = look_at(*run.parts.model, *run.parts.task, run.probes[0].example);
  REQUIRE(snapshot.layers.size() == 2);
  REQUIRE(look.layers.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const LayerSnapshot& layer = snapshot.layers[i];
    const bool own = layer.path == "layers.0";
    INFO(layer.path);
    CHECK(layer.mask.causal == !own);
    CHECK(layer.mask.window == (own ? 0 : 2));
    REQUIRE(look.layers[i].path == layer.path);
    const AttentionMap map = make_map(head_map(look.layers[i], 0, 0), {look.layers[i], layer.layer, 0},
                                      {.run = "r", .step = 0, .input = "i"}, *run.parts.model, *run.parts.task, &look);
    for (std::size_t query = 0; query < map.rows; ++query) {
      for (std::size_t key = 0; key < map.cols; ++key) {
        const bool hidden = !own && (key > query || key + 2 <= query);
        CHECK((map.kind(query, key) == CellKind::kHidden) == hidden);
      }
    }
  }
  // Pictures hatch what a window hides: without it they are others.
  const std::vector<EventImage> images = snapshot_images(snapshot, "eval 0", 0);
  for (LayerSnapshot& layer : snapshot.layers) {
    if (layer.mask.known) layer.mask = {.known = true, .causal = true, .visible = Mask::causal()};
  }
  const std::vector<EventImage> wider = snapshot_images(snapshot, "eval 0", 0);
  for (std::size_t i = 0; i < 2; ++i) CHECK((images[i].png != wider[i].png) == (snapshot.layers[i].path != "layers.0"));
}

TEST_CASE("Predictions are the likeliest classes of each row with their probabilities, and the target's") {
  Watched run(two_stacks());
  const TemporaryDirectory directory;
  write_snapshot(directory / "a", run.snapshot(), 7, config::SnapshotType::kFloat32);
  const SafetensorsFile file(directory / "a");
  const Tokens ids = read_tokens(file.file(), file.tensor("predictions.ids"));
  const Array prob = read_array(file.file(), file.tensor("predictions.prob"));
  const Array of_target = read_array(file.file(), file.tensor("predictions.target_prob"));
  REQUIRE(ids.shape() == Shape{8, 5, 5});
  for (std::size_t p = 0; p < run.probes.size(); ++p) {
    const std::vector<std::int32_t>& target = run.probes[p].example.target;
    const Array logits = logits_of(run, p);
    for (std::size_t row = 0; row < 5; ++row) {
      if (row >= target.size()) {
        CHECK(ids.data()[(p * 5 + row) * 5] == -1);
        CHECK(std::isnan(prob.data()[(p * 5 + row) * 5]));
        CHECK(std::isnan(of_target.data()[p * 5 + row]));
        continue;
      }
      const Real* const scores = logits.data() + row * 7;  // five symbols and two marks
      double sum = 0;
      for (std::size_t c = 0; c < 7; ++c) sum += std::exp(static_cast<double>(scores[c]));
      double before = 1;
      for (std::size_t i = 0; i < 5; ++i) {
        const std::size_t place = (p * 5 + row) * 5 + i;
        const double expected = std::exp(static_cast<double>(scores[ids.data()[place]])) / sum;
        CHECK(std::abs(static_cast<double>(prob.data()[place]) - expected) < 1e-6);
        CHECK(expected <= before + 1e-12);
        before = expected;
      }
      CHECK(ids.data()[(p * 5 + row) * 5] == std::max_element(scores, scores + 7) - scores);
      const double expected = std::exp(static_cast<double>(scores[target[row]])) / sum;
      CHECK(std::abs(static_cast<double>(of_target.data()[p * 5 + row]) - expected) < 1e-6);
    }
  }
}

TEST_CASE("Scores before the softmax are kept where they are asked for, and only the blocks that are") {
  Watched run(two_stacks({"probes.scores=true", R"(probes.record=["dec.cross"])", "probes.random=1"}));
  const TemporaryDirectory directory;
  write_snapshot(directory / "a", run.snapshot(), 7, config::SnapshotType::kFloat16);
  const SafetensorsFile file(directory / "a");
  CHECK(file.find("enc.self.layer0") == nullptr);
  CHECK(file.tensor("dec.cross.layer0").dtype == DType::kF16);
  CHECK(file.tensor("dec.cross.layer0.scores").dtype == DType::kF32);
  // Nothing is hidden of a probe by itself, so that the weights are the softmax of the scores; halves hold 11 bits.
  const Array weights = read_array(file.file(), file.tensor("dec.cross.layer0"));
  const Array scores = read_array(file.file(), file.tensor("dec.cross.layer0.scores"));
  const std::size_t keys = weights.shape()[3];
  for (std::size_t row = 0; row < weights.size() / keys; ++row) {
    double sum = 0;
    for (std::size_t key = 0; key < keys; ++key) sum += std::exp(static_cast<double>(scores.data()[row * keys + key]));
    for (std::size_t key = 0; key < keys; ++key) {
      const double expected = std::exp(static_cast<double>(scores.data()[row * keys + key])) / sum;
      CHECK(std::abs(static_cast<double>(weights.data()[row * keys + key]) - expected) < 0x1p-11);
    }
  }
}

TEST_CASE("A task that answers with numbers has maps and no predictions, one that answers once has one row") {
  const config::Config numbers = config::read_config_text({{.name = "a.json",
                                                            .text = R"({
      "task": {"type": "linreg", "dimensions": 2, "points": 3}, "trainer": {"steps": 3},
      "model": {"d_model": 8, "heads": 2}, "probes": {"random": 1}})",
                                                            .directory = {}}})
                                     .config;
  CHECK(Watched(numbers).snapshot().predictions.ids.empty());
  const config::Config once = config::read_config_text({{.name = "a.json",
                                                         .text = R"({
      "task": {"type": "modular", "p": 5}, "trainer": {"steps": 3, "batch_size": 5},
      "model": {"d_model": 8, "heads": 2}, "probes": {"random": 2}})",
                                                         .directory = {}}})
                                  .config;
  const ProbePredictions predictions = Watched(once).snapshot().predictions;
  CHECK(predictions.rows == "all");
  CHECK(predictions.most_rows == 1);
  CHECK(predictions.ids.size() == 2 * 5);
}

TEST_CASE("The snapshots of a run are found by their names, in the order of their steps") {
  const TemporaryDirectory directory;
  CHECK(snapshots_of(directory.path()).empty());
  std::filesystem::create_directory(directory / "attention");
  for (const std::uint64_t step : {7U, 0U, 123456789U, 99999999U}) spill(snapshot_file(directory.path(), step), "");
  for (const char* other : {"step-7.safetensors", "step-0000000x.safetensors", "step-00000008.safetensors.tmp", "a"}) {
    spill(directory / "attention" / other, "");
  }
  CHECK(snapshots_of(directory.path()) == std::vector<std::uint64_t>{0, 7, 99999999, 123456789});
  CHECK(snapshot_file("r", 2048) == std::filesystem::path("r/attention/step-00002048.safetensors"));
}
