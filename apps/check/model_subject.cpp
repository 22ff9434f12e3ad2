#include "apps/check/model_subject.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/check/layer_defaults.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "layers/models/model.h"

namespace headlight::inline HEADLIGHT_PRECISION {

namespace {

config::LayerList without_dropout(const config::LayerList& layers) {
  nlohmann::json list = nlohmann::json::parse(layers.json);
  remove_randomness(list);
  return {list.dump()};
}

config::Config without_dropout(const config::Config& config) {
  config::Config calm = config;
  calm.model.dropout = {};
  calm.model.randomised_positions.reset();
  for (auto* list : {&calm.model.blocks, &calm.model.encoder_blocks}) {
    if (*list) *list = without_dropout(**list);
  }
  return calm;
}

/// Whether the order of the tokens cannot matter.
bool is_equivariant(const config::ModelConfig& model) {
  return model.positions == config::Positions::kNone && !model.attention.window &&
         model.attention.value == config::ValueKind::kDense;
}

/// An encoder-decoder is looked at from the side of its target; its source is the memory.
Tensor answer(Model& model, const CheckInputs& inputs, const Context& context) {
  if (inputs.x.defined()) return model(inputs.x, context);
  if (model.arch() != Architecture::encoder_decoder) return model(inputs.ids, context);
  return model(inputs.memory_ids, inputs.ids, context);
}

}  // namespace

CheckSubject model_subject(const config::Config& config) {
  const std::shared_ptr<const Task> task = make_task(config);
  const auto maker = [task](config::Config own) {
    return [task, own = std::move(own)](std::uint64_t seed) -> std::unique_ptr<Module> {
      config::Config seeded = own;
      seeded.seed = seed;
      return build_empty_model(seeded, *task);
    };
  };
  const TaskShape shape = task->shape();
  const config::ModelConfig& model = config.model;
  const bool two_stacks = model.arch == config::Arch::kEncoderDecoder;
  const bool preset = !model.blocks;
  const nlohmann::json composed = composed_model(model, *task);
  Promises promises = default_promises({{"type", "sequential"}, {"layers", composed.at("blocks")}});
  promises.reach = Reach::mask;
  promises.causal = model.arch != config::Arch::kEncoder;
  promises.output_width = shape.values > 0 ? shape.values : shape.classes;
  if (composed.value("norm_type", "layer") == "batch") promises.batch_statistics = true;
  // Layers that are written out may know no more positions than the model.
  const bool bounded = model.positions != config::Positions::kNone || !preset || promises.batch_statistics;
  if (preset && !two_stacks) promises.attention_layers = model.layers;
  if (preset && model.arch == config::Arch::kEncoder) promises.equivariant = is_equivariant(model);
  return {.name = "model of `" + config.name + "`",
          .make = maker(config),
          .make_without_dropout = maker(without_dropout(config)),
          .run = [](Module& module, const CheckInputs& inputs,
                    const Context& context) { return answer(dynamic_cast<Model&>(module), inputs, context); },
          .vocabulary = two_stacks ? shape.second_vocabulary : shape.vocabulary,
          .width = shape.features > 0 ? shape.features : model.d_model,
          .memory_vocabulary = two_stacks ? shape.vocabulary : 0,
          .max_length = bounded ? model.max_len : CheckSubject{}.max_length,
          .seed = config.seed,
          .promises = promises};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
