// A preset and the layers that it stands for are the same model, to the byte; and what every model promises.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "layers/models/model.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::drawn;
using headlight::testing::tokens;

namespace {

struct Form {
  std::string what;
  ModelOptions options;
};

ModelOptions base(Architecture arch) {
  ModelOptions options{.arch = arch, .vocabulary = 7, .d_model = 8, .heads = 2, .d_ff = 12, .layers = 2, .max_len = 5};
  options.norm_eps = 1e-4;
  return options;
}

/// One option changed in each; every value of every option is there.
std::vector<Form> forms() {
  std::vector<Form> all;
  const auto add = [&](const std::string& what, const auto& change) {
    for (const Architecture arch : {Architecture::encoder, Architecture::decoder}) {
      ModelOptions options = base(arch);
      change(options);
      all.push_back({what + (arch == Architecture::encoder ? ", encoder" : ", decoder"), options});
    }
  };
  using O = ModelOptions;
  add("plain", [](O&) {});
  add("post-norm", [](O& o) { o.norm = NormPlacement::post; });
  add("sandwich norm", [](O& o) { o.norm = NormPlacement::sandwich; });
  add("parallel", [](O& o) { o.norm = NormPlacement::parallel; });
  add("no norm", [](O& o) { o.norm = NormPlacement::none; });
  add("a final norm behind post-norm", [](O& o) { o.norm = NormPlacement::post, o.final_norm = true; });
  add("RMS norm", [](O& o) { o.norm_type = NormType::rms; });
  add("norms without bias", [](O& o) { o.norm_bias = false; });
  add("batch norm", [](O& o) { o.norm_type = NormType::batch; });
  add("scaled residuals", [](O& o) { o.residual = ResidualKind::scaled; });
  add("gated residuals", [](O& o) { o.residual = ResidualKind::gated; });
  add("attention alone", [](O& o) { o.attention_only = true; });
  add("swiglu", [](O& o) { o.activation = Activation::silu, o.gated = true; });
  add("learned positions", [](O& o) { o.positions = Positions::learned; });
  add("no positions", [](O& o) { o.positions = Positions::none; });
  add("rope", [](O& o) { o.positions = Positions::rope; });
  add("adjacent rope", [](O& o) { o.positions = Positions::rope, o.attention.rope_pairing = RopePairing::adjacent; });
  add("alibi", [](O& o) { o.positions = Positions::alibi; });
  add("relative", [](O& o) { o.positions = Positions::relative, o.attention.max_distance = 3; });
  add("randomised positions", [](O& o) { o.randomised_positions = 9; });
  add("one key head", [](O& o) { o.kv_heads = 1; });
  add("other sizes", [](O& o) { o.head_size = 3, o.attention.value_size = 5; });
  add("a window and a sink", [](O& o) { o.attention.window = 2, o.attention.sink = SinkKind::learned; });
  add("top_k and a cap",
      [](O& o) { o.attention.weights = AttentionKind::top_k, o.attention.top_k = 2, o.attention.softcap = 20; });
  add("sigmoid, summed heads",
      [](O& o) { o.attention.weights = AttentionKind::sigmoid, o.attention.combine = CombineKind::sum; });
  add("bilinear scores, qk_norm, talking heads", [](O& o) {
    o.attention.score = ScoreKind::bilinear, o.attention.qk_norm = true, o.attention.talking_heads = true;
  });
  add("convolved values", [](O& o) { o.attention.value = ValueKind::conv1d, o.attention.value_kernel = 2; });
  add("an mlp head", [](O& o) { o.head = HeadKind::mlp, o.outputs = 3; });
  add("tied and scaled embeddings", [](O& o) { o.tie_embeddings = true, o.scale_embeddings = true; });
  add("no biases",
      [](O& o) { o.bias = {.embedding = true, .attention = false, .feed_forward = false, .head = false}; });
  add("dropout", [](O& o) {
    o.dropout = {.embedding = 0.1, .input = 0.2, .attention = 0.3, .residual = 0.4, .feed_forward = 0.5};
  });
  add("last position", [](O& o) { o.predict = Predict::last, o.outputs = 2; });
  add("pooled", [](O& o) { o.predict = Predict::pooled; });
  add("a pointer", [](O& o) { o.predict = Predict::pointer, o.pointer_query = Predict::pooled; });
  ModelOptions pair = base(Architecture::encoder_decoder);
  pair.target_vocabulary = 6;
  pair.encoder_layers = 1;
  all.push_back({"an encoder-decoder", pair});
  pair.positions = Positions::rope;
  pair.norm = NormPlacement::post;
  pair.attention.window = 3;
  pair.attention.rope_pairing = RopePairing::adjacent;
  pair.attention.rope_base = 100;
  all.push_back({"an encoder-decoder with rope and windows", pair});
  return all;
}

Tokens ids() { return tokens({2, 5}, {0, 1, 2, 3, 4, 5, 6, 0, 1, 2}); }

/// Logits while training, so that dropout and random positions are drawn.
Array run(Model& model, const Tokens& input, bool training) {
  StepRandom random(3, 4);
  const Context context{.training = training, .random = &random};
  const bool two = model.arch() == Architecture::encoder_decoder;
  return two ? model(input, tokens({2, 4}, {0, 1, 2, 3, 3, 4, 5, 0}), context).value() : model(input, context).value();
}

bool runs_in_training(const ModelOptions& options) { return options.norm_type != NormType::batch; }

}  // namespace

TEST_CASE("a preset and its expanded form give byte-equal weights and results") {
  const std::vector<Form> all = forms();
  CHECK(all.size() >= 60);
  for (const Form& form : all) {
    INFO(form.what);
    Init one(5), two(5);
    Model preset(form.options, one);
    // As a user writes it: a text, read again.
    Model written(nlohmann::json::parse(expand(form.options).dump()), two);
    const std::vector<NamedParameter> a = preset.parameters(), b = written.parameters();
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK(a[i].name == b[i].name);
      CHECK(same_bytes(a[i].tensor.value(), b[i].tensor.value()));
    }
    const bool training = runs_in_training(form.options);
    CHECK(same_bytes(run(preset, ids(), training), run(written, ids(), training)));
  }
}

TEST_CASE("no decoder sees the future, whatever it is made of: changing token t leaves earlier logits byte-equal") {
  for (const Form& form : forms()) {
    const ModelOptions& options = form.options;
    if (options.arch != Architecture::decoder || options.predict != Predict::every) continue;
    INFO(form.what);
    Init init(5);
    Model model(options, init);
    const Array before = run(model, ids(), false);
    const std::size_t width = before.shape()[2];
    for (std::size_t t = 0; t < 5; ++t) {
      INFO("token " << t);
      Tokens changed = ids();
      changed.data()[5 + t] = (changed.data()[5 + t] + 1) % 7;
      const Array after = run(model, changed, false);
      CHECK(std::equal(before.data(), before.data() + (5 + t) * width, after.data()));
      CHECK_FALSE(
          std::equal(before.data() + (5 + t) * width, before.data() + (6 + t) * width, after.data() + (5 + t) * width));
    }
  }
}

TEST_CASE("a decoder of an encoder-decoder sees the whole source and no later target") {
  Init init(5);
  Model model(forms()[forms().size() - 2].options, init);
  const Tokens target = tokens({1, 4}, {0, 1, 2, 3});
  const Tokens source = tokens({1, 5}, {0, 1, 2, 3, 4});
  const Array before = model(source, target, {}).value();
  for (std::size_t t = 0; t < 4; ++t) {
    Tokens changed = target;
    changed.data()[t] = 5;
    const Array after = model(source, changed, {}).value();
    CHECK(std::equal(before.data(), before.data() + t * 6, after.data()));
  }
  Tokens other = source;
  other.data()[4] = 0;
  const Array after = model(other, target, {}).value();
  for (std::size_t t = 0; t < 4; ++t)
    CHECK_FALSE(std::equal(before.data() + t * 6, before.data() + t * 6 + 6, after.data() + t * 6));
  // Padding behind the source does not exist.
  const Array whole = model(tokens({1, 3}, {0, 1, 2}), target, {}).value();
  const Array padded = model(tokens({1, 5}, {0, 1, 2, 6, 6}), target, {.memory_mask = Mask::padding({3})}).value();
  CHECK(headlight::testing::close(padded, whole, 0, sizeof(Real) == 8 ? 1e-14 : 1e-5));
}

TEST_CASE("a user's layer and a name of one's own stand beside ours in the composed form") {
  const auto composed = nlohmann::json::parse(R"({"arch": "decoder", "vocabulary": 5, "d_model": 4, "blocks": [
      {"type": "gated_residual", "dim": 4, "name": "gate"},
      {"type": "block", "width": 4, "steps": [
          {"name": "look", "type": "multi_head_attention", "d_model": 4, "positions": "rope"},
          {"type": "gated_residual", "dim": 4}]}]})");
  Init init(1);
  const Model model(composed, init);
  std::vector<std::string> names;
  for (const NamedParameter& parameter : model.parameters()) names.push_back(parameter.name);
  for (const char* name :
       {"layers.gate.value.weight", "layers.1.look.query.weight", "layers.1.look_norm.gain", "layers.1.1.gate.bias"}) {
    INFO(name);
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
}
