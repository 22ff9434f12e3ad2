// From configs to models that train: every architecture, both forms, a user's layer, and what the loss is made of.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/read.h"
#include "apps/inspect/attention_scores.h"
#include "apps/inspect/capture.h"
#include "apps/training/evaluate.h"
#include "apps/training/longest_run.h"
#include "autograd/scopes.h"
#include "core/io/file.h"
#include "layers/layer_error.h"
#include "layers/models/generate.h"
#include "layers/summary.h"
#include "tests/apps/training/training_testing.h"
#include "tests/common/arrays.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

std::string trained_bytes(const config::Config& config) {
  Parts parts(config);
  Notes notes;
  train(parts.setup(), {}, notes);
  return weight_bytes(*parts.model);
}

config::Config read_back(const config::Config& config) {
  return config::read_config_text({{.name = "b.json", .text = to_json(config).dump(2), .directory = {}}}).config;
}

const std::vector<std::string> kModels = {
    R"("heads": 2)",
    R"("heads": 2, "norm": "post", "head": "mlp", "bias": {"embedding": true}, "dropout": 0.1)",
    R"("heads": 2, "arch": "decoder", "positions": "rope", "activation": "swiglu", "norm_type": "rms")",
    R"("heads": 2, "arch": "decoder", "positions": "alibi", "attention_only": true, "norm": "none")",
    R"("heads": 4, "kv_heads": 2, "positions": "relative", "attention": {"max_distance": 3, "window": 3})",
    R"("heads": 2, "norm": "post", "skip_scale": 1.5)",
    R"("heads": 2, "norm": "sandwich", "residual": "scaled", "attention": {"sink": "learned", "softcap": 30})",
    R"("heads": 2, "norm": "parallel", "attention": {"weights": "top_k", "top_k": 2, "combine": "sum"})",
    R"("heads": 2, "residual": "gated", "attention": {"score": "cosine", "weights": "sigmoid", "talking_heads": true})",
    R"("heads": 2, "attention": {"value": "conv1d", "value_kernel": 2, "qk_norm": true, "value_size": 3})",
    R"("head_dim": 3, "positions": "learned", "randomised_positions": 9, "tie_embeddings": true)",
    R"("arch": "decoder", "init": {"scheme": "normal", "residual_scale": true}, "norm_type": "batch")",
    R"("arch": "encoder-decoder", "encoder_layers": 1, "heads": 2, "scale_embeddings": true)",
    R"("arch": "encoder-decoder", "decoder_layers": 1, "positions": "rope", "tie_embeddings": true,
       "init": {"scheme": "normal", "residual_scale": true})",
};

/// What is said of a model whose first weights cannot be meant; its keys stand on line 2 of the config.
std::string refused_init(const std::string& model) {
  const config::LoadedConfig loaded = config::read_config_text(
      {{.name = "a.json",
        .text = R"({"task": {"type": "reverse"}, "trainer": {"steps": 1}, "model": {"d_model": 8,
  )" + model + "}}",
        .directory = {}}});
  const std::unique_ptr<Task> examples = make_task(loaded.config);
  try {
    build_model(loaded.config, *examples);
  } catch (const LayerError& error) {
    REQUIRE(error.faults().size() == 1);
    const LayerError::Fault& fault = error.faults().front();
    return config::explain(*loaded.origin, {{.path = fault.path, .what = fault.what, .help = fault.help}});
  }
  return "built";
}

}  // namespace

TEST_CASE("the expanded form of a config is a config, and trains to the same bytes") {
  for (const std::string& model : kModels) {
    INFO(model);
    const config::Config config = with_model(model);
    const std::unique_ptr<Task> task = make_task(config);
    const config::Config written = expanded(config, *task);
    const config::Config again = read_back(written);
    CHECK(again.model.blocks.has_value());
    CHECK(to_json(again) == to_json(written));
    CHECK(trained_bytes(config) == trained_bytes(again));
    CHECK(to_json(expanded(again, *task)) == to_json(again));
  }
}

TEST_CASE("a user's layer is used from JSON, checked at its place, and trained") {
  const std::string blocks = R"("positions": "learned", "blocks": [
    {"type": "block", "width": 8, "steps": [{"name": "attention", "type": "multi_head_attention", "d_model": 8}]},
    {"type": "gated_residual", "dim": 8, "name": "gate"}])";
  const config::Config config = with_model(blocks, {"steps=150"});
  Parts parts(config);
  std::string names;
  for (const NamedParameter& parameter : parts.model->parameters()) names += parameter.name + " ";
  CHECK(names.find("layers.gate.value.weight") != std::string::npos);
  Notes notes;
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.evaluation.all.loss() < 0.7 * notes.rows.front().loss);

  const config::LoadedConfig wrong = config::read_config_text(
      {{.name = "a.json",
        .text = R"({"task": {"type": "reverse"}, "trainer": {"steps": 1}, "model": {"d_model": 8,
  "blocks": [{"type": "gated_residual", "dim": 6}]}})",
        .directory = {}}});
  const std::unique_ptr<Task> task = make_task(wrong.config);
  try {
    build_model(wrong.config, *task);
    FAIL("built");
  } catch (const LayerError& error) {
    REQUIRE(error.faults().size() == 1);
    const LayerError::Fault& fault = error.faults().front();
    CHECK(config::explain(*wrong.origin, {{.path = fault.path, .what = fault.what, .help = fault.help}}) ==
          "error: `model.blocks.0` (gated_residual) takes width 6, but the embedding (`d_model`) gives 8\n"
          "  --> a.json:2:23\n"
          "   2 |   \"blocks\": [{\"type\": \"gated_residual\", \"dim\": 6}]}}\n"
          "     |                       ^^^^^^^^^^^^^^^^\n"
          "help: make both 8, or both 6\n");
  }
}

TEST_CASE("residual_scale counts the residual steps of layers that are written out") {
  // Two blocks of two steps, one of them in a sequential, and one residual: GPT-2's rule divides by sqrt(5).
  const auto first_weights = [](const std::string& residual_scale) {
    const std::string attention = R"({"name": "attention", "type": "multi_head_attention", "d_model": 8, "heads": 2})";
    const std::string block = R"({"type": "block", "width": 8, "steps": [)" + attention +
                              R"(, {"type": "feed_forward", "d_model": 8, "d_ff": 16}]})";
    const config::Config config =
        with_model(R"("arch": "decoder", "init": {"scheme": "normal", "residual_scale": )" + residual_scale +
                   R"(}, "blocks": [)" + block + R"(, {"type": "sequential", "layers": [)" + block +
                   R"(]}, {"type": "residual", "width": 8, "body": {"type": "dense", "in": 8, "out": 8}}])");
    return headlight::summary(*build_model(config, *make_task(config)));
  };
  CHECK(first_weights("true") == first_weights("5"));
  CHECK(first_weights("true") != first_weights("false"));
  // 0.02 / sqrt(5) = 0.0089443
  CHECK_THAT(first_weights("true"), Catch::Contains("normal std 0.008944"));

  CHECK(refused_init(R"("init": {"residual_scale": true}, "blocks": [{"type": "gated_residual", "dim": 8}])") ==
        "error: `residual_scale` has no effect: no layer of the model is a block or a residual, whose steps it counts\n"
        "  --> a.json:2:30\n"
        "   2 |   \"init\": {\"residual_scale\": true}, \"blocks\": [{\"type\": \"gated_residual\", \"dim\": 8}]}}\n"
        "     |                              ^^^^\n"
        "help: give the number of writes to the residual stream, or leave it out\n");
}

TEST_CASE("deviations of embeddings and head are of those that the model has, and refused where it has none") {
  const config::Config config =
      with_model(R"("arch": "decoder", "init": {"embedding_std": 0.25, "head_std": 0.5}, "layers": 1)");
  const std::string weights = headlight::summary(*build_model(config, *make_task(config)));
  CHECK_THAT(weights, Catch::Contains("normal std 0.25"));
  CHECK_THAT(weights, Catch::Contains("normal std 0.5"));

  CHECK_THAT(refused_init(R"("tie_embeddings": true, "bias": {"head": false}, "init": {"head_std": 0.5}, "heads": 2)"),
             Catch::StartsWith("error: `head_std` has no effect: the model's head has no matrix of its own\n"
                               "  --> a.json:2:"));
}

TEST_CASE("the README's config with a layer of one's own trains") {
  const std::string readme = read_file(HEADLIGHT_SOURCE_DIR "/README.md", 1 << 20);
  const std::size_t begin = readme.find("```json\n", readme.find("## Write a layer")) + 8;
  const std::string text = readme.substr(begin, readme.find("```", begin) - begin);
  REQUIRE(text.find("gated_residual") != std::string::npos);
  Parts parts(config::read_config_text({{.name = "README.md", .text = text, .directory = {}}}).config);
  Notes notes;
  const TrainingResult result = train(parts.setup(), {}, notes);
  CHECK(result.evaluation.all.loss() < 0.5 * notes.rows.front().loss);
}

TEST_CASE("every architecture trains: its loss falls") {
  for (const char* arch : {"encoder", "decoder", "encoder-decoder"}) {
    INFO(arch);
    Parts parts(with_model(R"("heads": 2, "arch": ")" + std::string(arch) + "\"", {"steps=120"}));
    Notes notes;
    const TrainingResult result = train(parts.setup(), {}, notes);
    CHECK(result.evaluation.all.loss() < 0.9 * notes.rows.front().loss);
  }
}

TEST_CASE("a model that is made for shorter sequences than the task's is found before training") {
  const auto blocks = [](int positions) {
    return with_model(R"("blocks": [{"type": "batch_norm", "width": 8, "per_position": true, "max_len": )" +
                      std::to_string(positions) + "}]");
  };
  const Parts fits(blocks(4));
  CHECK_NOTHROW(try_longest(*fits.model, blocks(4), *fits.task));
  const Parts shorter(blocks(3));
  CHECK_THROWS_WITH(try_longest(*shorter.model, blocks(3), *shorter.task),
                    Catch::Contains("model.blocks: the model cannot run on the 4 positions of the task"));
}

TEST_CASE("compat sets epsilon, first weights and the form of Adam, and can be overruled key by key") {
  const config::Config torch = with_model(R"("heads": 2)", {"compat=torch"});
  CHECK(torch.model.norm_eps == 1e-5);
  CHECK(torch.model.init.scheme == config::InitScheme::kTorch);
  CHECK(torch.optimizer.form == config::AdamForm::kTorch);
  for (const char* name : {"compat=keras", "compat=founding"}) {
    const config::Config keras = with_model(R"("heads": 2)", {name});
    CHECK(keras.model.norm_eps == 1e-3);
    CHECK(keras.model.init.scheme == config::InitScheme::kKeras);
    CHECK(keras.optimizer.form == config::AdamForm::kKeras);
    CHECK(keras.optimizer.eps == 1e-7);
  }
  CHECK(with_model(R"("heads": 2, "norm_eps": 0.5)", {"compat=keras"}).model.norm_eps == 0.5);
  CHECK(with_model(R"("heads": 2, "norm_type": "rms")", {"compat=torch"}).model.norm_eps == 0x1p-23);
  CHECK(with_model(R"("heads": 2, "norm_type": "rms")", {"compat=keras"}).model.norm_eps == 1e-6);
}

TEST_CASE("an average of the weights is refused beside running statistics, which are those of other weights") {
  const std::string batch_norm = R"("heads": 2, "norm_type": "batch")";
  for (const char* average : {"optimizer.ema=0.9", "optimizer.type=schedule_free"}) {
    INFO(average);
    CHECK_THROWS_WITH(Parts(with_model(batch_norm, {average})),
                      Catch::Contains("statistics of batch norm (`layers.0."));
    CHECK_NOTHROW(Parts(with_model(R"("heads": 2)", {average})));
  }
  CHECK_NOTHROW(Parts(with_model(batch_norm, {})));
}

TEST_CASE("A sequence is right exactly when greedy generation says it whole") {
  const std::string arch = GENERATE("decoder", "encoder-decoder");
  INFO(arch);
  // One position more than is trained on: room for the end mark.
  Parts parts(with_model(R"("heads": 2, "max_len": 8, "arch": ")" + arch + "\"",
                         {"steps=300", "task.length=3", "batch_size=32"}));
  Notes notes;
  train(parts.setup(), {}, notes);
  const TaskShape shape = parts.task->shape();
  std::size_t right = 0;
  Batch batch;
  for (std::uint64_t index = 0; index < 20; ++index) {
    fill_batch(*parts.task, Split::eval, index, 1, batch);
    const NoGrad guard;
    const Accuracy fed = count_correct(run_model(*parts.model, batch, {}).value(), batch.targets);
    // Source, then what is generated behind the begin mark: reversed, and the end mark.
    const std::vector<std::int32_t>& input = batch.examples[0].input;
    const std::vector<std::int32_t> source(input.begin(), input.begin() + 3);
    std::vector<std::int32_t> answer(source.rbegin(), source.rend());
    answer.push_back(shape.end.value());
    std::vector<std::int32_t> prompt = source;
    prompt.push_back(shape.begin.value());
    const GenerateOptions greedy{.max_new_tokens = answer.size()};
    const Generated made = arch == "decoder"
                               ? generate(*parts.model, {prompt}, greedy)[0]
                               : generate(*parts.model, padded_source({source}), {{*shape.begin}}, greedy)[0];
    CHECK((made.tokens == answer) == (fed.correct_sequences == 1));
    right += fed.correct_sequences;
  }
  CHECK(right > 0);
}
