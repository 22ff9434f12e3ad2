// Training and its config, feature by feature; features.tsv is the list.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/inspect/attention_scores.h"
#include "apps/inspect/capture.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/evaluate.h"
#include "tests/core/run/threads.h"
#include "tests/rows/configs.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;
using namespace headlight::testing;

namespace {

config::Config read_text(const std::string& text) {
  return config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}).config;
}

/// Half a run, saved and gone on with by other objects; returns the weights.
std::string resumed(const config::Config& config, const std::filesystem::path& run) {
  Parts first(config);
  Saving saving(first, run);
  saving.stop_at = 6;
  train(first.setup(), {}, saving);
  Parts second(config);
  const TrainingState state = load_checkpoint(find_checkpoint(run, "last"), *second.model, second.optimizer.get());
  Saving rest(second, run);
  train(second.setup(), state, rest);
  return weight_bytes(*second.model);
}

/// The weight (2, 3) of a layer after three steps of a config's optimizer, with gradient G / t at step t; theta and G are
/// those of the vectors in tests/parity/test_optimizers_parity.cpp.
Array after_three_steps(const std::vector<std::string>& settings) {
  Init init(1);
  Dense layer(3, 2, init);
  const Tensor theta = parameter_named(layer, "weight");
  theta.assign(array({2, 3}, {0.1, -0.2, 0.3, -0.4, 0.5, -0.6}));
  const std::unique_ptr<Optimizer> optimizer = build_optimizer(tiny_config(settings).optimizer, layer);
  for (const double t : {1, 2, 3}) {
    optimizer->parameters().zero_grad();
    theta.backward(array({2, 3}, {0.5 / t, -1 / t, 0.25 / t, 2 / t, -0.125 / t, 0}));
    optimizer->step(1);
  }
  return theta.value();
}

/// Each compat preset meets a vector of its system's AdamW and Muon.
void check_vectors() {
  // AdamW: the vectors of both forms in tests/parity/test_optimizers_parity.cpp, here through the config. Muon: an
  // implementation of the formulas in optim/muon.h in numpy, double; with compat torch .1 decay and the original
  // adjustment as in torch.optim.Muon, with keras .004 and .2 sqrt(max(rows, cols)) as in keras.optimizers.Muon.
  const auto check = [](const std::string& compat, const std::vector<std::string>& settings,
                        const std::vector<double>& expected) {
    INFO(compat << " " << settings.front());
    std::vector<std::string> all{"compat=" + compat};
    all.insert(all.end(), settings.begin(), settings.end());
    // Five steps of Muon's polynomial multiply rounding errors.
    CHECK(difference(after_three_steps(all), array({2, 3}, expected), sizeof(Real) == 8 ? 1e-9 : 1e-5, 0) == "");
  };
  const std::vector<std::string> adamw{"optimizer.type=adamw", "lr=0.01", "optimizer.weight_decay=0.1"};
  const std::vector<std::string> muon{"optimizer.type=muon", "lr=0.02"};
  check("torch", adamw,
        {0.071676230719, -0.171376530272, 0.271076831214, -0.426825269301, 0.526525566597, -0.598201799400});
  check("torch", muon,
        {0.099479655803, -0.136600767667, 0.282150298433, -0.440651391621, 0.484106772191, -0.592384063333});
  for (const char* compat : {"keras", "founding"}) {
    check(compat, adamw,
          {0.071676393217, -0.171376611521, 0.271077156207, -0.426825228677, 0.526524916618, -0.598201799400});
    check(compat, muon,
          {0.100003232335, -0.178363302009, 0.294356288668, -0.414844453605, 0.495402996805, -0.598459678445});
  }
}

}  // namespace

TEST_CASE("row 48: micro-batches accumulate to the update of the batch that they make up") {
  const auto weights = [](const std::vector<std::string>& more) {
    std::vector<std::string> overrides{"dropout=0", "steps=1", "optimizer.type=sgd", "task.train_examples=24"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    Parts parts(tiny_config(overrides));
    Notes notes;
    train(parts.setup(), {}, notes);
    return parameter_named(*parts.model, "head.weight").value();
  };
  CHECK(difference(weights({"batch_size=24"}), weights({"batch_size=8", "optimizer.accumulate=3"}), 0, kRounding) ==
        "");
}

TEST_CASE("row 50: the training loop logs, evaluates, saves and learns") {
  Parts parts(tiny_config({"steps=150"}));
  Notes notes;
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.ending == Ending::finished);
  CHECK(result.state.step == 150);
  CHECK(notes.saves.back() == 150);
  CHECK(result.evaluation.all.loss() < 0.8 * notes.rows.front().loss);
}

TEST_CASE("row 51: one text is a whole run") {
  const config::Config config = read_text(R"({"task": {"type": "reverse"}, "trainer": {"steps": 2}, "model": {}})");
  Parts parts(config);
  CHECK(parts.model->max_len() >= parts.task->shape().length);
  CHECK(config::total_steps(config) == 2);
}

TEST_CASE("row 52: a checkpoint holds weights, optimiser state and the place of the run, and damage is found") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  train_into(parts, run.path());
  Parts other(tiny_config({"seed=9"}));
  const std::filesystem::path checkpoint = find_checkpoint(run.path(), "last");
  CHECK(load_checkpoint(checkpoint, *other.model, other.optimizer.get()).step == 12);
  CHECK(weight_bytes(*other.model) == weight_bytes(*parts.model));
  CHECK(other.optimizer->state().updates == parts.optimizer->state().updates);
  std::string bytes = slurp(checkpoint / "model.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  spill(checkpoint / "model.safetensors", bytes);
  CHECK_THROWS_AS(load_checkpoint(checkpoint, *other.model, nullptr), FileError);
}

TEST_CASE("row N8: the task knows the key to read, so that a map has a score, and supervision raises it") {
  const auto mass = [](const std::vector<std::string>& more) {
    std::vector<std::string> overrides{"steps=80", "dropout=0"};
    overrides.insert(overrides.end(), more.begin(), more.end());
    Parts parts(tiny_config(overrides));
    Notes notes;
    train(parts.setup(), {}, notes);
    Batch batch;
    fill_batch(*parts.task, Split::eval, 0, 20, batch);
    const NoGrad guard;
    AttentionCapture capture;
    (*parts.model)(batch.inputs, {.recorder = &capture});
    const auto right = [&](std::size_t member, std::size_t query, std::vector<std::size_t>& keys) {
      parts.task->right_keys(0, batch.examples[member], query, keys);
    };
    std::vector<std::size_t> keys;
    right(0, 0, keys);
    CHECK(keys == std::vector<std::size_t>{3});  // reversing: the last position
    return right_score(capture.layers().at(0), 1, {.right = right}).mass();
  };
  const double supervised = mass({"loss.attention.weight=2", "loss.attention.head=1"});
  CHECK(supervised > 0.8);
  CHECK(mass({}) < supervised);
}

TEST_CASE("row N9: a run that was stopped and resumed equals the whole one to the byte, average of weights included") {
  const TemporaryDirectory whole_run, run;
  const config::Config config = tiny_config({"optimizer.ema=0.9", "schedule.type=cosine", "schedule.warmup_steps=3"});
  Parts whole(config);
  train_into(whole, whole_run.path());
  CHECK(resumed(config, run.path()) == weight_bytes(*whole.model));
  for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    const std::string place = std::string("checkpoints/step-00000012/") + file;
    CHECK(slurp(run / place) == slurp(whole_run / place));
  }
}

TEST_CASE("row N10: a run has the same bytes for every number of threads, dropout included") {
  // 1024 rows of 64: several chunks of matrix products, rows and elements.
  const auto weights = [](std::size_t threads) {
    const test::Threads guard(threads);
    Parts parts(tiny_config({"steps=2", "task.length=8", "task.train_examples=200", "batch_size=128", "d_model=64"}));
    Notes notes;
    train(parts.setup(), {}, notes);
    return weight_bytes(*parts.model);
  };
  const std::string one = weights(1);
  CHECK(weights(2) == one);
  CHECK(weights(3) == one);
}

TEST_CASE(
    "row N11: an unknown key is refused with line, column and the nearest one, and the resolved config reads back") {
  const std::string message = message_of<ConfigError>([] {
    read_text("{\"task\": {\"type\": \"reverse\"}, \"trainer\": {\"steps\": 2},\n \"model\": {\"d_modle\": 8}}");
  });
  CHECK_THAT(message, Catch::Contains("unknown key `d_modle`") && Catch::Contains("a.json:2:12") &&
                          Catch::Contains("`d_model`"));
  const nlohmann::ordered_json resolved = to_json(tiny_config());
  CHECK(resolved.at("model").at("norm_eps") == 1e-5);  // a default
  CHECK(to_json(read_text(resolved.dump())) == resolved);
}

TEST_CASE("row N12: compat presets take another system's epsilon, first weights and forms of Adam and Muon") {
  check_vectors();
  // The first step for a gradient of 1e-6 over the rate: 1e-6 / (1e-6 + 1e-8) in PyTorch's form; in Keras's
  // sqrt(.001) 1e-6 / (sqrt(.001) 1e-6 + 1e-7).
  const double root = std::sqrt(0.001) * 1e-6;
  const auto first_step = [](const std::string& compat) {
    Parts parts(tiny_config({"compat=" + compat, "optimizer.type=adam"}));
    const Tensor bias = parameter_named(*parts.model, "head.bias");
    bias.assign(zeros(bias.shape()));
    bias.backward(full(bias.shape(), static_cast<Real>(1e-6)));
    parts.optimizer->step();
    return -at(bias.value(), {0}) / parts.config.optimizer.lr;
  };
  CHECK(first_step("torch") == Approx(1 / 1.01).epsilon(1e-5));
  for (const char* compat : {"keras", "founding"})
    CHECK(first_step(compat) == Approx(root / (root + 1e-7)).epsilon(1e-5));
  CHECK(tiny_config({"compat=torch"}).model.norm_eps == 1e-5);
  CHECK(tiny_config({"compat=founding"}).model.norm_eps == 1e-3);
  CHECK(tiny_config({"compat=torch"}).model.init.scheme == config::InitScheme::kTorch);
  CHECK(tiny_config({"compat=keras"}).model.init.scheme == config::InitScheme::kKeras);
}

TEST_CASE("row N14: a run that meets NaN repeats the step and names operation, layer and step") {
  Parts parts(tiny_config());
  Notes notes;
  notes.spoil_at = 6;
  notes.spoil = [&] {
    const Tensor weight = parameter_named(*parts.model, "layers.0.attention.query.weight");
    weight.assign(full(weight.shape(), std::numeric_limits<Real>::quiet_NaN()));
  };
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.ending == Ending::diverged);
  CHECK_THAT(result.reason, Catch::Contains("step 7") && Catch::Contains("layers.0.attention"));
}
