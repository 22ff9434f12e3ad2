#include "tests/apps/training/twin_testing.h"

#include <cmath>
#include <iomanip>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/training/evaluate.h"
#include "apps/training/update.h"
#include "core/io/digest.h"
#include "layers/summary.h"

namespace headlight::testing::inline HEADLIGHT_PRECISION {
namespace {

// In double the two differ by the order of sums and by the last bits of exp and erf, as in tests/parity. In float
// PyTorch's own float32 run stays within a tenth of the tolerance: the fixture is not written otherwise.
constexpr double kTwinTolerance = kDoubleTwin ? 1e-9 : 1e-4;

std::map<std::string, std::string> weight_digests(const Module& module) {
  std::map<std::string, std::string> digests;
  for (const NamedParameter& parameter : module.parameters()) {
    Digest digest;
    digest.update(std::as_bytes(flat(parameter.tensor.value())));
    digests[parameter.name] = digest.hex();
  }
  return digests;
}

/// Trains from the update `begin` on to the update `end`, each beside the twin's.
void train_beside(Twin& twin, std::size_t begin, std::size_t end) {
  const config::Config& config = twin.loaded.config;
  const Objective objective(config.loss, *twin.task, *twin.model);
  const UpdateParts parts{.model = *twin.model,
                          .objective = objective,
                          .optimizer = *twin.optimizer,
                          .schedule = build_schedule(config),
                          .grad_clip = config.optimizer.grad_clip,
                          .seed = config.seed};
  Batches batches = build_batches(config, *twin.task);
  std::vector<Batch> batch(1);
  const std::vector<double> losses = twin.run.doubles("loss");
  const std::vector<double> norms = twin.run.doubles("gradient_norm");
  const Tokens drawn = twin.run.tokens(twin.names.examples);
  for (std::size_t step = begin; step < end; ++step) {
    batches.fill(step, batch[0]);
    REQUIRE(batch[0].size() == drawn.shape()[1]);
    Example expected;
    for (std::size_t row = 0; row < batch[0].size(); ++row) {
      const auto place = static_cast<std::uint64_t>(drawn.data()[step * batch[0].size() + row]);
      twin.task->example({.split = Split::train, .index = place}, expected);
      REQUIRE(batch[0].examples[row].input == expected.input);
    }
    const UpdateResult update = run_update(parts, step, batch);
    INFO("update " << step << ": loss " << update.loss << ", gradient norm " << update.gradient_norm);
    CHECK(std::abs(update.loss / losses[step] - 1) <= kTwinTolerance);
    // As sensitive to the weights as the loss is, but with no lower bound that keeps relative errors small.
    CHECK(std::abs(update.gradient_norm / norms[step] - 1) <= 10 * kTwinTolerance);
  }
}

/// Over the first held-out examples.
double held_out_loss(const Twin& twin, std::uint64_t examples) {
  return evaluate(*twin.model, *twin.task, {.examples = examples}).all.loss();
}

}  // namespace

Twin::Twin(const TwinNames& with) : names(with), run("training/" + name_of(with.kind) + "_run") {
  const std::string kind = name_of(names.kind);
  const nlohmann::json text = run.json(kind);
  const reproduce::TextRecipe recipe{.kind = names.kind, .seed = text.at("seed"), .size = text.at(names.size)};
  reproduce::write_generated_text(directory.path(), recipe);
  const auto path = reproduce::generated_text_path(directory.path(), recipe);
  loaded =
      config::read_config({HEADLIGHT_SOURCE_DIR "/data/configs/" + kind + ".json"}, {"task.path=" + path.string()});
  task = make_task(loaded);
  model = build_model(loaded.config, *task);
  optimizer = build_optimizer(loaded.config.optimizer, *model);
}

void check_beginning(const Twin& twin, std::size_t parameters) {
  CHECK(parameter_count(*twin.model) == parameters);
  CHECK(parameter_count(*twin.model) == twin.run.json("model").at("parameters").get<std::size_t>());
  // The same bits: both draw with sums, products, quotients and roots of float64 alone.
  const char* const key = kDoubleTwin ? "weights_float64_xxh64" : "weights_float32_xxh64";
  CHECK(weight_digests(*twin.model) == twin.run.json(key).get<std::map<std::string, std::string>>());
  const Schedule schedule = build_schedule(twin.loaded.config);
  const std::vector<double> rates = twin.run.doubles("rate");
  REQUIRE(rates.size() == 500);
  for (std::size_t step = 0; step < rates.size(); ++step) {
    CHECK(std::abs(twin.loaded.config.optimizer.lr * schedule(step) - rates[step]) <= 1e-15 * rates[step]);
  }
}

void check_first_updates(Twin& twin) {
  const nlohmann::json shorter = twin.run.json("short");
  train_beside(twin, 0, shorter.at("steps"));
  const double expected = twin.run.doubles("held_out_short").at(0);
  CHECK(std::abs(held_out_loss(twin, shorter.at(twin.names.examples)) / expected - 1) <= kTwinTolerance);
}

void check_all_updates(Twin& twin, std::uint64_t examples) {
  const std::vector<double> losses = twin.run.doubles("held_out");
  const auto evaluated = twin.run.json("run").at("evaluated").get<std::vector<std::size_t>>();
  REQUIRE(twin.task->examples(Split::eval) == std::optional<std::uint64_t>(examples));
  REQUIRE(evaluated == std::vector<std::size_t>{0, 250, 500});
  std::size_t updates = 0;
  for (std::size_t i = 0; i < evaluated.size(); ++i) {
    train_beside(twin, updates, evaluated[i]);
    updates = evaluated[i];
    const double loss = held_out_loss(twin, examples);
    INFO(std::setprecision(12) << "held-out loss after " << updates << " updates: " << loss << ", the twin's "
                               << losses[i]);
    CHECK(std::abs(loss / losses[i] - 1) <= kTwinTolerance);
  }
}

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
