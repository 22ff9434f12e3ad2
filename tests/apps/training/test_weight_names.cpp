#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/training/gpt2_names.h"
#include "apps/training/torch_names.h"
#include "apps/training/weight_names.h"

using namespace headlight;

namespace {

StoredTensor tensor(std::string name, StoredShape shape = {4, 4}) {
  return {.name = std::move(name), .shape = std::move(shape)};
}

std::vector<OurParameter> ours(const std::vector<std::string>& names, const StoredShape& shape = {4, 4}) {
  std::vector<OurParameter> parameters;
  for (const std::string& name : names) parameters.push_back({name, shape});
  return parameters;
}

}  // namespace

TEST_CASE("A name is taken apart at its block") {
  const auto parts = [](std::string_view name, std::string_view list) {
    const auto found = block_name(name, list);
    return found ? found->stack + "|" + found->block + "|" + found->rest : "none";
  };
  CHECK(parts("layers.0.attention.query.weight", "layers") == "|0|attention.query.weight");
  CHECK(parts("decoder.layers.12.feed_forward.up.bias", "layers") == "decoder.|12|feed_forward.up.bias");
  CHECK(parts("transformer.h.3.ln_1.weight", "h") == "transformer.|3|ln_1.weight");
  CHECK(parts("h.3.ln_1.weight", "h") == "|3|ln_1.weight");
  CHECK(parts("a.layers.b.layers.2.x", "layers") == "a.layers.b.|2|x");
  CHECK(parts("layers.b.layers.2.x", "layers") == "layers.b.|2|x");
  for (const char* name :
       {"embedding.weight", "layers.x.weight", "layers.0", "mylayers.0.x", "layers", "", "layers."}) {
    CHECK(parts(name, "layers") == "none");
  }
}

TEST_CASE("The format shows in names and shapes") {
  using Tensors = std::vector<StoredTensor>;
  CHECK(format_of(Tensors{}) == WeightFormat::headlight);
  CHECK(format_of(Tensors{tensor("layers.0.attention.query.weight")}) == WeightFormat::headlight);
  CHECK(format_of(Tensors{tensor("x"), tensor("layers.0.self_attn.in_proj_weight")}) == WeightFormat::torch);
  CHECK(format_of(Tensors{tensor("in_proj_weight")}) == WeightFormat::torch);
  CHECK(format_of(Tensors{tensor("q_proj_weight")}) == WeightFormat::torch);
  CHECK(format_of(Tensors{tensor("my_out_proj.weight")}) == WeightFormat::headlight);
  CHECK(format_of(Tensors{tensor("transformer.h.0.attn.c_attn.weight", {4, 12})}) == WeightFormat::gpt2);
  CHECK(format_of(Tensors{tensor("h.0.attn.c_attn.weight", {12, 4})}) == WeightFormat::gpt2_linear);
}

TEST_CASE("Packed projections follow the shapes, as PyTorch packs them") {
  std::vector<OurParameter> parameters = ours({"query.weight", "key.weight", "value.weight", "output.weight"});
  CHECK(torch_places(parameters, {}).at("key.weight").tensor == "in_proj_weight");
  CHECK(torch_places(parameters, {}).at("key.weight").part == 1);
  parameters[1].shape = {4, 6};
  CHECK(torch_places(parameters, {}).at("key.weight").tensor == "k_proj_weight");
  CHECK(torch_places(parameters, {}).at("query.weight").tensor == "q_proj_weight");
  CHECK(torch_places(parameters, {}).at("query.weight").parts == 1);
  // What is no attention keeps its names: a pointer head has queries and keys, but no output.
  const StoredPlaces pointer = torch_places(ours({"head.query.weight", "head.key.weight"}), {});
  CHECK(pointer.at("head.query.weight").tensor == "head.query.weight");
}

TEST_CASE("Norms are numbered by what their layer holds") {
  const std::vector<OurParameter> parameters =
      ours({"encoder.layers.0.attention_norm.gain", "encoder.layers.0.feed_forward_norm.bias",
            "decoder.layers.0.cross_attention.query.weight", "decoder.layers.0.cross_attention.output.weight",
            "decoder.layers.0.cross_attention_norm.gain", "decoder.layers.0.feed_forward_norm.gain",
            "decoder.final_norm.bias", "final_norm.gain", "my_final_norm.gain"});
  const StoredPlaces places = torch_places(parameters, {{"decoder.", "model.decoder."}});
  CHECK(places.at("encoder.layers.0.attention_norm.gain").tensor == "encoder.layers.0.norm1.weight");
  CHECK(places.at("encoder.layers.0.feed_forward_norm.bias").tensor == "encoder.layers.0.norm2.bias");
  CHECK(places.at("decoder.layers.0.cross_attention_norm.gain").tensor == "model.decoder.layers.0.norm2.weight");
  CHECK(places.at("decoder.layers.0.feed_forward_norm.gain").tensor == "model.decoder.layers.0.norm3.weight");
  CHECK(places.at("decoder.layers.0.cross_attention.output.weight").tensor ==
        "model.decoder.layers.0.multihead_attn.out_proj.weight");
  CHECK(places.at("decoder.final_norm.bias").tensor == "model.decoder.norm.bias");
  CHECK(places.at("final_norm.gain").tensor == "norm.weight");
  CHECK(places.at("my_final_norm.gain").tensor == "my_final_norm.gain");
}

TEST_CASE("Stacks find their partners by what they read, then by name") {
  const std::vector<OurParameter> parameters =
      ours({"encoder.layers.0.attention.query.weight", "decoder.layers.0.attention.query.weight",
            "decoder.layers.0.cross_attention.query.weight"});
  CHECK(torch_stacks(parameters, std::vector<std::string>{"t.decoder.layers.0.self_attn.in_proj_weight",
                                                          "t.decoder.layers.0.multihead_attn.in_proj_weight",
                                                          "t.encoder.layers.0.self_attn.in_proj_weight"}) ==
        StackNames{{"encoder.", "t.encoder."}, {"decoder.", "t.decoder."}});
  const std::vector<OurParameter> one = ours({"layers.0.attention.query.weight"});
  // Two of theirs for one of ours: nothing is guessed, unless one bears our name.
  const std::string first = "a.layers.0.self_attn.in_proj_weight";
  CHECK(torch_stacks(one, std::vector<std::string>{first, "b.layers.0.self_attn.in_proj_weight"}).empty());
  CHECK(torch_stacks(one, std::vector<std::string>{first, "layers.0.self_attn.in_proj_weight"}) ==
        StackNames{{"", ""}});
}

TEST_CASE("GPT-2's names, in a stack of any name") {
  const std::vector<OurParameter> parameters =
      ours({"decoder.embedding.weight", "decoder.positions.weight", "decoder.layers.1.attention.value.bias",
            "decoder.layers.1.feed_forward.down.weight", "decoder.layers.1.attention_norm.gain",
            "decoder.final_norm.gain", "head.weight", "decoder.layers.1.attention.sink_key"});
  const StoredPlaces places = gpt2_places(parameters, {.prefix = "t."});
  CHECK(places.at("decoder.embedding.weight").tensor == "t.wte.weight");
  CHECK(places.at("decoder.positions.weight").tensor == "t.wpe.weight");
  CHECK(places.at("decoder.layers.1.attention.value.bias").tensor == "t.h.1.attn.c_attn.bias");
  CHECK(places.at("decoder.layers.1.attention.value.bias").part == 2);
  CHECK_FALSE(places.at("decoder.layers.1.attention.value.bias").transposed);
  CHECK(places.at("decoder.layers.1.feed_forward.down.weight").tensor == "t.h.1.mlp.c_proj.weight");
  CHECK(places.at("decoder.layers.1.feed_forward.down.weight").transposed);
  CHECK(places.at("decoder.layers.1.attention_norm.gain").tensor == "t.h.1.ln_1.weight");
  CHECK(places.at("decoder.final_norm.gain").tensor == "t.ln_f.weight");
  CHECK(places.at("head.weight").tensor == "lm_head.weight");
  CHECK(places.at("decoder.layers.1.attention.sink_key").tensor == "decoder.layers.1.attention.sink_key");
  CHECK(gpt2_places(parameters, {.own_head = false}).at("head.weight").tensor == "transformer.wte.weight");
  CHECK(is_gpt2_buffer("transformer.h.0.attn.bias"));
  CHECK(is_gpt2_buffer("h.11.attn.masked_bias"));
  CHECK_FALSE(is_gpt2_buffer("h.0.attn.c_attn.bias"));
}
