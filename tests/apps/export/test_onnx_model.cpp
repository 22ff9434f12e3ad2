// What an exported file says of itself, read back with the classes of libonnx: versions, names, shapes, what is refused.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/export/onnx_model.h"
#include "apps/training/weights.h"
#include "layers/layer_error.h"
#include "tests/apps/export/onnx_cases.h"
#include "tests/apps/headlight/cli_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

namespace {

onnx::ModelProto parsed(const std::string& bytes) {
  onnx::ModelProto file;
  REQUIRE(file.ParseFromString(bytes));
  return file;
}

onnx::ModelProto exported(const nlohmann::json& composed, const OnnxOptions& options = {}) {
  return parsed(onnx_model(*drawn_model(composed), composed, options));
}

onnx::ModelProto exported(const ModelOptions& model, const OnnxOptions& options = {}) {
  return exported(expand(model), options);
}

/// "batch x 4 x time": extents that are free by their names.
std::string shape_of(const onnx::ValueInfoProto& value) {
  std::string text;
  for (const auto& extent : value.type().tensor_type().shape().dim()) {
    text += (text.empty() ? "" : " x ") +
            (extent.has_dim_param() ? extent.dim_param() : std::to_string(extent.dim_value()));
  }
  return text;
}

using Shapes = std::map<std::string, std::string>;

template <class Values>
Shapes shapes_of(const Values& values) {
  Shapes shapes;
  for (const auto& value : values) shapes[value.name()] = shape_of(value);
  return shapes;
}

ModelOptions reader_and_writer() {
  return {.arch = Architecture::encoder_decoder,
          .vocabulary = 7,
          .target_vocabulary = 5,
          .d_model = 8,
          .heads = 2,
          .layers = 2,
          .encoder_layers = 1,
          .max_len = 12};
}

}  // namespace

TEST_CASE("an exported file is of opset 17 and IR 8, and says what it was given to say") {
  const onnx::ModelProto file =
      exported(reader_and_writer(),
               {.name = "reverse", .metadata = {{"headlight.step", "12"}, {"other", "{\"a\": 1}"}}});
  CHECK(file.ir_version() == 8);
  REQUIRE(file.opset_import_size() == 1);
  CHECK(file.opset_import(0).domain().empty());
  CHECK(file.opset_import(0).version() == 17);
  CHECK(file.producer_name() == "headlight");
  CHECK(file.graph().name() == "reverse");
  std::map<std::string, std::string> metadata;
  for (const auto& entry : file.metadata_props()) metadata[entry.key()] = entry.value();
  CHECK(metadata == std::map<std::string, std::string>{{"headlight.step", "12"}, {"other", "{\"a\": 1}"}});
}

TEST_CASE("inputs, logits and the weights of each attention have names and free extents") {
  const onnx::GraphProto graph = exported(reader_and_writer()).graph();
  CHECK(shapes_of(graph.input()) == Shapes{{"input", "batch x time"}, {"target", "batch x target_time"}});
  CHECK(shapes_of(graph.output()) == Shapes{{"logits", "batch x target_time x 5"},
                                            {"attn.enc.self.0", "batch x 2 x time x time"},
                                            {"attn.dec.self.0", "batch x 2 x target_time x target_time"},
                                            {"attn.dec.self.1", "batch x 2 x target_time x target_time"},
                                            {"attn.dec.cross.0", "batch x 2 x target_time x time"},
                                            {"attn.dec.cross.1", "batch x 2 x target_time x time"}});
  for (const auto& input : graph.input()) {
    CHECK(input.type().tensor_type().elem_type() == onnx::TensorProto::INT64);
  }
  for (const auto& output : graph.output()) {
    CHECK(output.type().tensor_type().elem_type() == onnx::TensorProto::FLOAT);
  }
}

TEST_CASE("a sink, a pointer, vectors and lengths show in the names") {
  ModelOptions model{.vocabulary = 7, .d_model = 8, .heads = 2, .max_len = 12, .predict = Predict::pointer};
  model.attention.sink = SinkKind::zero;
  const onnx::GraphProto pointer = exported(model, {.lengths = true}).graph();
  CHECK(shapes_of(pointer.input()) == Shapes{{"input", "batch x time"}, {"lengths", "batch"}});
  CHECK(shapes_of(pointer.output()) == Shapes{{"logits", "batch x time"},
                                              {"attn.enc.self.0", "batch x 2 x time x time"},
                                              {"attn.enc.self.0.sink", "batch x 2 x time"}});
  model = {.features = 3, .outputs = 4, .d_model = 8, .max_len = 12, .predict = Predict::pooled};
  const onnx::GraphProto pooled = exported(model).graph();
  CHECK(shapes_of(pooled.input()) == Shapes{{"vectors", "batch x time x 3"}});
  CHECK(pooled.input(0).type().tensor_type().elem_type() == onnx::TensorProto::FLOAT);
  CHECK(shapes_of(pooled.output()).at("logits") == "batch x 4");
  const onnx::GraphProto padded = exported(reader_and_writer(), {.lengths = true}).graph();
  CHECK(shapes_of(padded.input()).count("target_lengths") == 1);
}

TEST_CASE("initializers are all parameters and buffers under their names, in their shapes, with their values") {
  for (const OnnxCase& one : onnx_cases()) {
    INFO(one.name);
    const nlohmann::json composed = nlohmann::json::parse(one.composed);
    const std::unique_ptr<Model> model = drawn_model(composed);
    const onnx::GraphProto graph = parsed(onnx_model(*model, composed, {})).graph();
    std::map<std::string, const onnx::TensorProto*> stored;
    for (const auto& initializer : graph.initializer()) stored[initializer.name()] = &initializer;
    REQUIRE(stored.size() == static_cast<std::size_t>(graph.initializer_size()));
    for (const NamedBuffer& saved : saved_tensors(*model)) {
      INFO(saved.name);
      REQUIRE(stored.count(saved.name) == 1);
      const onnx::TensorProto& found = *stored.at(saved.name);
      CHECK(found.data_type() == onnx::TensorProto::FLOAT);
      const Shape& shape = saved.tensor.shape();
      CHECK(std::equal(found.dims().begin(), found.dims().end(), shape.begin(), shape.end(),
                       [](std::int64_t a, std::size_t b) { return static_cast<std::size_t>(a) == b; }));
      REQUIRE(found.raw_data().size() == saved.tensor.size() * sizeof(float));
      CHECK(std::memcmp(found.raw_data().data(), saved.tensor.value().data(), found.raw_data().size()) == 0);
      stored.erase(saved.name);
    }
    for (const auto& rest : stored) CHECK_THAT(rest.first, Catch::StartsWith("constant"));
  }
}

TEST_CASE("attention is spelled out: no fused operator, and no length of a sequence in the file") {
  std::set<std::string> operators;
  for (const OnnxCase& one : onnx_cases()) {
    const onnx::GraphProto graph = exported(nlohmann::json::parse(one.composed)).graph();
    for (const auto& node : graph.node()) {
      operators.insert(node.op_type());
      CHECK(node.domain().empty());
    }
  }
  for (const char* used : {"MatMul", "Mul", "Add", "Where", "Softmax", "Transpose", "Reshape"}) {
    INFO(used);
    CHECK(operators.count(used) == 1);
  }
  CHECK(operators.count("Attention") == 0);
  // A causal decoder: no constant holds as many truth values or numbers as a mask of max_len would.
  const ModelOptions decoder{
      .arch = Architecture::decoder, .vocabulary = 7, .d_model = 8, .max_len = 50, .positions = Positions::alibi};
  const onnx::GraphProto graph = exported(decoder).graph();
  for (const auto& initializer : graph.initializer()) {
    if (initializer.name().rfind("constant", 0) == 0) CHECK(initializer.raw_data().size() < 50);
  }
}

TEST_CASE("layers and scores that did not come with Headlight are refused with their places, all at once") {
  nlohmann::json composed = expand({.vocabulary = 7, .d_model = 8, .max_len = 12});
  composed["blocks"] = nlohmann::json::parse(R"([
    {"type": "gated_residual", "dim": 8},
    {"type": "sequential", "layers": [
      {"type": "residual", "norm": "none", "body": {"type": "gated_residual", "dim": 8}}]},
    {"type": "block", "width": 8, "steps": [
      {"type": "multi_head_attention", "d_model": 8, "heads": 2, "score": "halved"}]}
  ])");
  Init init(1);
  // They are refused by their names: no plugin need be there.
  const ModelOptions plain{.vocabulary = 7, .d_model = 8, .max_len = 12};
  const Model model(plain, init);
  try {
    onnx_model(model, composed, {});
    FAIL("nothing was refused");
  } catch (const LayerError& error) {
    REQUIRE(error.faults().size() == 3);
    CHECK(error.faults()[0].path == "model.blocks.0");
    CHECK_THAT(error.faults()[0].what, Contains("`gated_residual` cannot be exported"));
    CHECK_THAT(error.faults()[0].help, Contains("compose it of layers"));
    CHECK(error.faults()[1].path == "model.blocks.1.layers.0.body");
    CHECK(error.faults()[2].path == "model.blocks.2.steps.0.score");
    CHECK_THAT(error.faults()[2].help, Contains("use scaled_dot"));
  }
}

TEST_CASE("a composed form of another model is refused: a parameter is missing, or one is not used") {
  Init init(1);
  const ModelOptions options{.vocabulary = 7, .d_model = 8, .max_len = 12};
  const Model model(options, init);
  ModelOptions other = options;
  other.layers = 2;
  CHECK_THROWS_WITH(onnx_model(model, expand(other), {}), Contains("no parameter `layers.1."));
  other = options;
  other.attention_only = true;
  CHECK_THROWS_WITH(onnx_model(model, expand(other), {}), Contains("does not use layers.0.feed_forward"));
}

TEST_CASE("headlight export names its file, knows the format from it, and refuses what it does not know") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string file = (place / "a.onnx").string();
  const Finished done = run_headlight({"export", place.run(), "-o", file});
  INFO(done.err);
  REQUIRE(done.status == 0);
  CHECK(done.out.empty());
  CHECK_THAT(done.err, Contains("a.onnx") && Contains("step 12"));
  const onnx::ModelProto model = parsed(slurp(file));
  std::map<std::string, std::string> metadata;
  for (const auto& entry : model.metadata_props()) metadata[entry.key()] = entry.value();
  CHECK(metadata.at("headlight.config") == "tiny");
  CHECK(metadata.at("headlight.step") == "12");
  const nlohmann::json vocabulary = nlohmann::json::parse(metadata.at("headlight.vocabulary"));
  CHECK(vocabulary.at("input") == nlohmann::json({"0", "1", "2"}));
  CHECK(model.graph().input_size() == 1);
  // The same checkpoint gives the same bytes.
  REQUIRE(run_headlight({"export", place.run(), "--to", "onnx", "-o", (place / "b").string()}).status == 0);
  CHECK(slurp(place / "b") == slurp(file));
  REQUIRE(run_headlight({"export", place.run(), "--lengths", "-o", file}).status == 0);
  CHECK(parsed(slurp(file)).graph().input_size() == 2);

  const Finished unknown = run_headlight({"export", place.run(), "--to", "onxn", "-o", file});
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Contains("no format `onxn`") && Contains("did you mean `onnx`?"));
  const Finished unnamed = run_headlight({"export", place.run(), "-o", (place / "b").string()});
  CHECK(unnamed.status == 2);
  CHECK_THAT(unnamed.err, Contains("--to onnx"));
}
