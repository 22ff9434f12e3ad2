#include "apps/check/model_subject.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "layers/models/encoder.h"

namespace headlight::inline HEADLIGHT_PRECISION {

CheckSubject model_subject(const config::Config& config) {
  const std::shared_ptr<const Task> task = make_task(config);
  const auto maker = [task](config::Config own) {
    return [task, own = std::move(own)](std::uint64_t seed) -> std::unique_ptr<Module> {
      config::Config seeded = own;
      seeded.seed = seed;
      return build_empty_model(seeded, *task);
    };
  };
  config::Config calm = config;
  calm.model.dropout = {};
  const bool positions = config.model.positions != config::Positions::kNone;
  return {.name = "model of `" + config.name + "`",
          .make = maker(config),
          .make_without_dropout = maker(calm),
          .run = [](Module& module, const CheckInputs& inputs,
                    const Context& context) { return dynamic_cast<Encoder&>(module)(inputs.ids, context); },
          .vocabulary = task->vocabulary(),
          .width = config.model.d_model,
          .max_length = positions ? config.model.max_len : CheckSubject{}.max_length,
          .seed = config.seed,
          .promises = {.reach = Reach::mask,
                       .equivariant = !positions,
                       .attention_layers = config.model.layers,
                       .output_width = task->classes()}};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
