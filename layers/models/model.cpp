#include "layers/models/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/shape.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/layer_config.h"
#include "layers/models/model_config.h"
#include "layers/models/stack_fit.h"
#include "layers/positions.h"
#include "layers/vector_input.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Json = nlohmann::json;

/// A module that only groups children under one name.
class Group : public Module {
 public:
  using Module::adopt;
};

using Adopt = std::function<Module&(const std::string&, std::unique_ptr<Module>)>;

template <class M>
M& adopt_as(const Adopt& adopt, const std::string& name, std::unique_ptr<M> module) {
  M& reference = *module;
  adopt(name, std::move(module));
  return reference;
}

}  // namespace

struct Model::Stack {
  InputStage* input = nullptr;
  Dropout* embedding_dropout = nullptr;
  Layer* positions = nullptr;
  Dropout* input_dropout = nullptr;
  std::vector<Layer*> blocks{};
  Layer* final_norm = nullptr;
  Tensor table{};  ///< of token embeddings

  /// What comes before the blocks.
  Stack(const ModelSurroundings& s, const ModelSource& source, Init& init, const Adopt& adopt) {
    if (source.vocabulary != 0) {
      auto& embedding = adopt_as(adopt, "embedding",
                                 std::make_unique<Embedding>(EmbeddingOptions{.vocabulary = source.vocabulary,
                                                                              .width = s.d_model,
                                                                              .bias = s.embedding_bias,
                                                                              .scale = s.scale_embeddings},
                                                             init));
      input = &embedding;
      table = embedding.weight();
    } else {
      input = &adopt_as(adopt, "embedding",
                        std::make_unique<VectorInput>(VectorInputOptions{.features = source.features,
                                                                         .width = s.d_model,
                                                                         .bias = s.embedding_bias},
                                                      init));
    }
    embedding_dropout = &adopt_as(adopt, "embedding_dropout", std::make_unique<Dropout>(s.embedding_dropout));
    input_dropout = &adopt_as(adopt, "input_dropout", std::make_unique<Dropout>(s.input_dropout));
    const PositionRange range{.max_length = s.max_len, .randomised = s.randomised};
    if (s.positions == Positions::sinusoidal) {
      positions = &adopt_as(adopt, "positions", std::make_unique<SinusoidalPositions>(range, s.d_model));
    } else if (s.positions == Positions::learned) {
      positions = &adopt_as(adopt, "positions", std::make_unique<LearnedPositions>(range, s.d_model, init));
    }
  }

  /// The blocks, and the norm behind them.
  void build_blocks(const Json& list, const std::string& path, const ModelSurroundings& s, bool looks_back, Init& init,
                    const Adopt& adopt) {
    std::vector<NamedLayer> made = make_layers(list, init, path);
    Group& group = adopt_as(adopt, "layers", std::make_unique<Group>());
    for (NamedLayer& named : made) {
      blocks.push_back(named.layer.get());
      group.adopt(named.name, std::move(named.layer));
    }
    if (s.final_norm) final_norm = &adopt_as(adopt, "final_norm", make_norm(final_norm_options(s, looks_back), init));
  }

  void check_fit(const Json& list, const std::string& path, const ModelSurroundings& s, const Context& context,
                 LayerFaults& faults) const {
    const std::size_t positions_tried = s.max_len == 1 ? 1 : 2;
    const std::string after = final_norm != nullptr ? "the final norm (`d_model`)" : "the head (`d_model`)";
    check_widths({list, path, blocks}, s.d_model, positions_tried, "the embedding (`d_model`)", after, context, faults);
  }

  /// The place of the block where a run begins; blocks.size() when it is none of these, and the stack runs whole.
  std::size_t start_of(const Context& context) const {
    if (context.start == nullptr) return blocks.size();
    const auto found = std::find_if(blocks.begin(), blocks.end(),
                                    [&](const Layer* block) { return block->path() == context.start->block; });
    return static_cast<std::size_t>(found - blocks.begin());
  }

  Tensor embedded(const ModelInput& given, const Context& context) const {
    Tensor x = (*embedding_dropout)((*input)(given, context), context);
    if (positions != nullptr) x = (*positions)(x, context);
    return (*input_dropout)(x, context);
  }

  Tensor operator()(const ModelInput& given, const Context& context) const {
    const std::size_t start = start_of(context);
    const bool whole = start == blocks.size();
    Tensor x = whole ? embedded(given, context) : context.start->input;
    for (std::size_t i = whole ? 0 : start; i < blocks.size(); ++i) x = (*blocks[i])(x, context);
    return final_norm != nullptr ? (*final_norm)(x, context) : x;
  }
};

Model::Model(const ModelOptions& options, Init& init) : Model(expand(options), init) {}

Model::~Model() = default;

Model::Model(const Json& composed, Init& init, const std::string& path) {
  const LayerConfig config(composed, path, "the model");
  const ModelConfig known = model_config(config);
  const ModelSurroundings& s = known.around;
  arch_ = known.arch;
  max_len_ = s.max_len;
  target_vocabulary_ = known.target.vocabulary;
  predict_ = known.head.predict;
  outputs_ = known.head.outputs;
  HeadOptions head = known.head;
  const bool two_stacks = arch_ == Architecture::encoder_decoder;

  LayerFaults faults;
  const Json none = Json::array();
  const auto list_of = [&](const char* key) -> const Json& { return composed.contains(key) ? composed.at(key) : none; };
  const auto build = [&](std::unique_ptr<Stack>& stack, const ModelSource& reads, const char* key, bool looks_back,
                         const Adopt& adopt) {
    faults.collect([&] {
      stack = std::make_unique<Stack>(s, reads, init, adopt);
      stack->build_blocks(list_of(key), join_path(path, key), s, looks_back, init, adopt);
      const Tensor memory(zeros({1, 2, s.d_model}));
      Context context;
      if (looks_back) context.mask = Mask::causal();
      if (two_stacks && looks_back) context.memory = &memory;
      stack->check_fit(list_of(key), join_path(path, key), s, context, faults);
    });
  };
  const auto into = [](Module& group) {
    return [&group](const std::string& name, std::unique_ptr<Module> module) -> Module& {
      return static_cast<Group&>(group).adopt(name, std::move(module));
    };
  };
  if (two_stacks) {
    build(encoder_, known.source, "encoder_blocks", false, into(child<Group>("encoder")));
    build(decoder_, known.target, "blocks", true, into(child<Group>("decoder")));
  } else {
    const bool looks_back = arch_ == Architecture::decoder;
    build(looks_back ? decoder_ : encoder_, known.source, "blocks", looks_back,
          [this](const std::string& name, std::unique_ptr<Module> module) -> Module& {
            return adopt(name, std::move(module));
          });
  }
  faults.raise_all();
  if (known.tied) {
    head.tied = (arch_ == Architecture::encoder ? encoder_ : decoder_)->table;
    if (!head.tied.defined()) {
      throw LayerError({{.path = join_path(path, "tie_embeddings"),
                         .what = "`tie_embeddings` needs token embeddings, but the model reads vectors",
                         .help = "leave it out"}});
    }
  }
  try {
    head_ = dynamic_cast<Layer*>(&adopt("head", make_head(head, init)));
  } catch (const ConfigError& error) {
    throw LayerError({{.path = join_path(path, "head"), .what = error.what(), .help = {}}});
  }
}

std::vector<std::string> Model::blocks() const {
  std::vector<std::string> paths;
  for (const Stack* stack : {encoder_.get(), decoder_.get()}) {
    if (stack == nullptr) continue;
    for (const Layer* block : stack->blocks) paths.push_back(block->path());
  }
  return paths;
}

void Model::check_start(const Context& context) const {
  if (context.start == nullptr) return;
  const std::vector<std::string> known = blocks();
  if (std::find(known.begin(), known.end(), context.start->block) == known.end()) {
    raise<StateError>("model", fmt::format("there is no block `{}` to start at", context.start->block), {},
                      fmt::format("there are `{}`", fmt::join(known, "`, `")));
  }
  if (context.cache != nullptr) {
    raise<StateError>("model", "a run with a cache begins at its input",
                      fmt::format("Context::cache and Context::start at `{}`", context.start->block));
  }
}

Tensor Model::operator()(const ModelInput& input, const Context& context) {
  check_start(context);
  if (arch_ == Architecture::encoder_decoder) {
    raise<StateError>("model", "an encoder-decoder reads a source and a target", {}, "call model(source, target, ...)");
  }
  if (arch_ == Architecture::encoder) return (*head_)((*encoder_)(input, context), context);
  Context looking_back = context;
  looking_back.mask = Mask::causal() & context.mask;
  return (*head_)((*decoder_)(input, looking_back), looking_back);
}

Tensor Model::operator()(const ModelInput& source, const ModelInput& target, const Context& context) {
  check_start(context);
  if (decoder_ != nullptr && encoder_ != nullptr && decoder_->start_of(context) < decoder_->blocks.size()) {
    if (context.memory == nullptr) {
      raise<StateError>("model", "a run that starts in the decoder needs what the encoder made",
                        fmt::format("Context::start is `{}`, Context::memory is null", context.start->block));
    }
    return decode(target, *context.memory, context);
  }
  return decode(target, encode(source, context), context);
}

Tensor Model::encode(const ModelInput& source, const Context& context) {
  if (arch_ != Architecture::encoder_decoder) {
    raise<StateError>("model", "only an encoder-decoder reads a source and a target", {}, "call model(input, ...)");
  }
  Context whole = context;
  whole.mask = context.memory_mask;
  whole.memory = nullptr;
  whole.cache = nullptr;
  whole.offset = 0;
  return (*encoder_)(source, whole);
}

Tensor Model::decode(const ModelInput& target, const Tensor& memory, const Context& context) {
  if (arch_ != Architecture::encoder_decoder) {
    raise<StateError>("model", "only an encoder-decoder decodes", {}, "call model(input, ...)");
  }
  Context reading = context;
  reading.mask = Mask::causal() & context.mask;
  reading.memory = &memory;
  return (*head_)((*decoder_)(target, reading), reading);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
