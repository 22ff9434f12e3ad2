#include <algorithm>
#include <filesystem>
#include <limits>

#include <catch2/catch.hpp>

#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/weights.h"
#include "core/error.h"
#include "core/io/array_io.h"
#include "core/io/safetensors.h"
#include "layers/batch_norm.h"
#include "layers/layer_norm.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

namespace fs = std::filesystem;
using headlight::testing::message_of;
using headlight::testing::slurp;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;
using headlight::testing::tiny_config;
using testing::Notes;
using testing::Parts;
using testing::Saving;
using testing::train_into;
using testing::weight_bytes;

}  // namespace

TEST_CASE("A checkpoint gives back weights, optimiser and step, so that training goes on as if never stopped") {
  const TemporaryDirectory run;
  // 12 steps at once, and 5 steps, a checkpoint, and 7 more by other objects.
  const config::Config config = tiny_config();
  Parts whole(config);
  Notes whole_notes;
  train(whole.setup(), {}, whole_notes);

  Parts first(config);
  Saving saving(first, run.path());
  saving.stop_at = 5;
  train(first.setup(), {}, saving);
  Parts second(tiny_config({"seed=3"}));
  const TrainingState state =
      load_checkpoint(find_checkpoint(run.path(), "last"), *second.model, second.optimizer.get());
  CHECK(state.step == 5);
  Notes rest;
  train(second.setup(), state, rest);
  CHECK(weight_bytes(*second.model) == weight_bytes(*whole.model));
  CHECK(rest.rows.back().loss == whole_notes.rows.back().loss);
}

TEST_CASE("Figures of the optimiser that are no numbers are refused, with the file") {
  const TemporaryDirectory run;
  Parts parts(tiny_config({"optimizer.ema=0.5"}));
  train_into(parts, run.path());
  const fs::path last = find_checkpoint(run.path(), "last");
  const fs::path file = last / "state.json";
  std::string text = slurp(file);
  const std::size_t at = text.find("\"ema\": 12.0");
  REQUIRE(at != std::string::npos);
  spill(file, text.replace(at, 11, "\"ema\": []"));
  finish_checkpoint(last);
  CHECK_THAT(message_of<FileError>([&] { load_checkpoint(last, *parts.model, parts.optimizer.get()); }),
             Catch::StartsWith(file.string() + ": the figure `ema` is no number"));
}

TEST_CASE("Old checkpoints go, the newest stay, and last.txt names the last") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  train_into(parts, run.path());
  CHECK(complete_checkpoints(run.path()) == std::vector<std::uint64_t>{10, 12});
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 5)));
  CHECK(slurp(run / "checkpoints/last.txt") == "step-00000012\n");
  CHECK(find_checkpoint(run.path(), "last") == run / "checkpoints/step-00000012");
  CHECK(find_checkpoint(run.path(), "10") == run / "checkpoints/step-00000010");
}

TEST_CASE("The same weights give the same bytes, whatever the threads, paths and rest of the config") {
  const TemporaryDirectory first;
  const TemporaryDirectory second;
  Parts parts(tiny_config());
  save_checkpoint(first.path(), {.step = 3}, parts.config, *parts.model, *parts.optimizer);
  save_checkpoint(second.path(), {.step = 3}, tiny_config({"threads=3", "output.root=elsewhere", "name=other"}),
                  *parts.model, *parts.optimizer);
  for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json", "DONE"}) {
    const std::string place = std::string("checkpoints/step-00000003/") + file;
    CHECK(slurp(first / place) == slurp(second / place));
  }
  const SafetensorsFile file(first / "checkpoints/step-00000003/model.safetensors");
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.metadata().at("headlight.step") == "3");
  CHECK_THAT(file.metadata().at("headlight.model"), Catch::StartsWith("{\"arch\":\"encoder\",\"d_model\":8"));
  CHECK(file.metadata().size() == 5);
}

TEST_CASE("Damage to any file of a checkpoint is found, and the message names another checkpoint") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  train_into(parts, run.path());
  const fs::path last = find_checkpoint(run.path(), "last");
  const std::string before = weight_bytes(*parts.model);
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    const std::string whole = slurp(last / name);
    std::string flipped = whole;
    flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 4);
    for (const std::string& damaged : {flipped, whole.substr(0, whole.size() - 1), std::string()}) {
      spill(last / name, damaged);
      const std::string message =
          message_of<FileError>([&] { load_checkpoint(last, *parts.model, parts.optimizer.get()); });
      CHECK_THAT(message, Catch::StartsWith((last / name).string() + ": the file is damaged") &&
                              Catch::EndsWith("other checkpoints of this run, for --checkpoint: 10"));
    }
    spill(last / name, whole);
  }
  fs::remove(last / "state.json");
  CHECK_THAT(message_of<FileError>([&] { load_checkpoint(last, *parts.model, nullptr); }),
             Catch::Contains("state.json: the file is missing"));
  CHECK(weight_bytes(*parts.model) == before);
  // The one before still loads.
  CHECK(load_checkpoint(find_checkpoint(run.path(), "10"), *parts.model, parts.optimizer.get()).step == 10);
}

TEST_CASE("A checkpoint that fits the model or the optimiser alone changes neither") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  train_into(parts, run.path());
  const fs::path last = find_checkpoint(run.path(), "last");

  Parts momentum(tiny_config({"optimizer.type=sgd", "seed=77"}));
  const std::string weights = weight_bytes(*momentum.model);
  CHECK_THAT(message_of<StateError>([&] { load_checkpoint(last, *momentum.model, momentum.optimizer.get()); }),
             Catch::Contains("it does not belong to this optimiser"));
  CHECK(weight_bytes(*momentum.model) == weights);

  // The weights of a narrower model beside the optimiser's state of ours, under true digests.
  const Parts narrow(tiny_config({"model.d_ff=4"}));
  save_weights(last / "model.safetensors", *narrow.model, {{"headlight.format", "1"}, {"headlight.step", "12"}});
  finish_checkpoint(last);
  const Parts fresh(tiny_config());
  CHECK_THAT(message_of<FileError>([&] { load_checkpoint(last, *fresh.model, fresh.optimizer.get()); }),
             Catch::Contains("(4, 8)") && Catch::Contains("(16, 8)"));
  const OptimizerState state = fresh.optimizer->state();
  CHECK(std::all_of(state.updates.begin(), state.updates.end(), [](const auto& update) { return update.second == 0; }));
}

TEST_CASE("A checkpoint under the name of another step is refused") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  save_checkpoint(run.path(), {.step = 3}, parts.config, *parts.model, *parts.optimizer);
  const fs::path renamed = checkpoint_directory(run.path(), 4);
  fs::rename(checkpoint_directory(run.path(), 3), renamed);
  CHECK_THAT(message_of<FileError>([&] { load_checkpoint(renamed, *parts.model, nullptr); }),
             Catch::StartsWith((renamed / "state.json").string() +
                               ": `step` is not that of the directory's name; step 3"));
}

TEST_CASE("A checkpoint without DONE does not count") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  train_into(parts, run.path());
  fs::remove(checkpoint_directory(run.path(), 12) / "DONE");
  CHECK(complete_checkpoints(run.path()) == std::vector<std::uint64_t>{10});
  CHECK(message_of<FileError>([&] { find_checkpoint(run.path(), "last"); }) ==
        (run / "checkpoints").string() +
            ": there is no complete checkpoint of step 12; complete checkpoints of this run: 10");
}

TEST_CASE("A checkpoint that is not there is named, with those that are") {
  const TemporaryDirectory run;
  CHECK(message_of<FileError>([&] { find_checkpoint(run.path(), "last"); }) ==
        (run / "checkpoints").string() + ": there is no checkpoint; this run has no complete checkpoint");
  CHECK(message_of<ConfigError>([&] { find_checkpoint(run.path(), "newest"); }) ==
        "--checkpoint: `newest` is no checkpoint; give `last`, `best` or a step");
}

TEST_CASE("A checkpoint of a newer format is refused with both versions") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  save_checkpoint(run.path(), {.step = 3}, parts.config, *parts.model, *parts.optimizer);
  const fs::path done = checkpoint_directory(run.path(), 3) / "DONE";
  std::string text = slurp(done);
  text.replace(text.find("\"format\": 1"), 11, "\"format\": 2");
  spill(done, text);
  CHECK_THAT(message_of<FileError>([&] { verify_checkpoint(done.parent_path()); }),
             Catch::Contains("format 2, this program reads 1"));
}

TEST_CASE("Weights that are not finite are never saved") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  const Tensor bias = parts.model->parameters().back().tensor;
  bias.assign(full(bias.shape(), std::numeric_limits<Real>::infinity()));
  CHECK_THAT(message_of<NumericError>(
                 [&] { save_checkpoint(run.path(), {.step = 3}, parts.config, *parts.model, *parts.optimizer); }),
             Catch::StartsWith("checkpoint: `head.bias` holds NaN or infinity; after step 3"));
  CHECK(run.entries() == 0);
}

TEST_CASE("Weights of another model are refused with every tensor that does not fit") {
  const TemporaryDirectory directory;
  Parts small(tiny_config({"model.d_ff=4"}));
  Parts other(tiny_config());
  save_weights(directory / "w.safetensors", *small.model, {});
  const std::string message = message_of<FileError>([&] { load_weights(directory / "w.safetensors", *other.model); });
  CHECK_THAT(message, Catch::Contains("(4, 8)") && Catch::Contains("(16, 8)"));
}

TEST_CASE("Weights load under other names when they are renamed, and a wrong rename is named") {
  const TemporaryDirectory directory;
  Parts parts(tiny_config());
  // The file of another tool: the same tensors, one of them under its own name.
  std::vector<TensorView> views;
  for (const NamedParameter& parameter : parts.model->parameters()) {
    views.push_back(
        tensor_view(parameter.name == "head.bias" ? "classifier.b" : parameter.name, parameter.tensor.value()));
  }
  write_safetensors(directory / "theirs.safetensors", std::move(views));
  const std::string path = (directory / "theirs.safetensors").string();
  const std::string saved = weight_bytes(*parts.model);

  Parts fresh(tiny_config({"seed=77"}));
  REQUIRE(weight_bytes(*fresh.model) != saved);
  load_weights(path, *fresh.model, {.rename = {{"classifier.b", "head.bias"}}});
  CHECK(weight_bytes(*fresh.model) == saved);
  // The same by the config.
  const Parts loaded(
      tiny_config({"seed=77", "model.load.file=" + path, R"(model.load.rename={"classifier.b": "head.bias"})"}));
  CHECK(weight_bytes(*loaded.model) == saved);

  CHECK_THAT(message_of<FileError>([&] { load_weights(path, *fresh.model); }),
             Catch::Contains("head.bias") && Catch::Contains("classifier.b"));
  CHECK_THAT(message_of<ConfigError>([&] {
               load_weights(path, *fresh.model, {.rename = {{"a", "head.b"}}});
             }),
             Catch::StartsWith("model.load.rename: the model has no parameter `head.b`; given for `a`"));
  CHECK_THAT(message_of<ConfigError>([&] {
               load_weights(path, *fresh.model, {.rename = {{"a", "head.bias"}, {"b", "head.bias"}}});
             }),
             Catch::StartsWith("model.load.rename: two tensors are given for `head.bias`; `a` and `b`"));
}

TEST_CASE("Buffers are saved and loaded with the weights") {
  const TemporaryDirectory directory;
  Init init(1);
  BatchNorm layer({.width = 2}, init), other({.width = 2}, init);
  Array values = zeros({2, 3, 2});
  for (std::size_t i = 0; i < values.size(); ++i) values.data()[i] = static_cast<Real>(i * i % 7);
  const Tensor x(values);
  layer(x, {.training = true});
  save_weights(directory / "w.safetensors", layer, {});
  load_weights(directory / "w.safetensors", other);
  CHECK(same_bytes(layer(x, {}).value(), other(x, {}).value()));
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(same_bytes(layer.buffers()[i].tensor.value(), other.buffers()[i].tensor.value()));
  }
  LayerNorm without({.width = 2}, init);
  CHECK_THAT(message_of<FileError>([&] { load_weights(directory / "w.safetensors", without); }),
             Catch::Contains("running_mean"));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
