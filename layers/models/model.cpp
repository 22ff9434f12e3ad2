#include "layers/models/model.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/shape.h"
#include "layers/activation.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/layer_config.h"
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

/// What stands around the blocks, as the keys of the composed form say it.
struct Surroundings {
  std::size_t d_model;
  std::size_t max_len;
  Positions positions;
  std::size_t randomised;
  double embedding_dropout;
  double input_dropout;
  bool embedding_bias;
  bool scale_embeddings;
  bool final_norm;
  NormOptions norm;
};

/// What a stack reads.
struct Source {
  std::size_t vocabulary;
  std::size_t features;
};

Surroundings surroundings(const LayerConfig& config) {
  Surroundings s{.d_model = config.size("d_model"),
                 .max_len = config.size("max_len", 0),
                 .positions = config.choice("positions", Positions::none,
                                            {{"none", Positions::none},
                                             {"sinusoidal", Positions::sinusoidal},
                                             {"learned", Positions::learned}}),
                 .randomised = 0,
                 .embedding_dropout = 0,
                 .input_dropout = 0,
                 .embedding_bias = false,
                 .scale_embeddings = config.flag("scale_embeddings", false),
                 .final_norm = config.flag("final_norm", false),
                 .norm = {}};
  if (s.positions != Positions::none) {
    config.size("max_len");
    s.randomised = config.size("randomised_positions", 0);
  } else {
    config.refuse_meaningless("randomised_positions", "positions none");
  }
  if (const auto dropout = config.section("dropout")) {
    s.embedding_dropout = dropout->share("embedding", 0);
    s.input_dropout = dropout->share("input", 0);
    dropout->refuse_unread();
  }
  if (const auto bias = config.section("bias")) s.embedding_bias = bias->flag("embedding", false);
  if (s.final_norm) s.norm.type = config.parsed("norm_type", "layer", norm_type_of);
  s.norm.width = s.d_model;
  s.norm.eps = config.number("norm_eps", 1e-5, {.from = 0});
  if (config.has("norm_bias")) s.norm.bias = config.flag("norm_bias", true);
  return s;
}

HeadOptions head_options(const LayerConfig& config, const Surroundings& s, std::size_t vocabulary) {
  HeadOptions options{.width = s.d_model, .predict = config.parsed("predict", "every", predict_of)};
  if (const auto bias = config.section("bias")) {
    options.bias = bias->flag("head", true);
    bias->flag("embedding", false);
    bias->refuse_unread();
  }
  if (options.predict == Predict::pointer) {
    for (const char* key : {"head", "outputs", "tie_embeddings"}) config.refuse_meaningless(key, "predict pointer");
    options.pointer_query = config.parsed("pointer_query", "last", predict_of);
    return options;
  }
  options.outputs = config.size("outputs", vocabulary);
  options.kind = config.choice("head", HeadKind::linear, {{"linear", HeadKind::linear}, {"mlp", HeadKind::mlp}});
  if (options.kind == HeadKind::mlp) options.activation = config.parsed("activation", "gelu", activation_of);
  options.normalization = {.width = s.d_model, .eps = s.norm.eps, .bias = s.norm.bias};
  return options;
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
  Stack(const Surroundings& s, const Source& source, Init& init, const Adopt& adopt) {
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
  void build_blocks(const Json& list, const std::string& path, const Surroundings& s, bool looks_back, Init& init,
                    const Adopt& adopt) {
    std::vector<NamedLayer> made = make_layers(list, init, path);
    Group& group = adopt_as(adopt, "layers", std::make_unique<Group>());
    for (NamedLayer& named : made) {
      blocks.push_back(named.layer.get());
      group.adopt(named.name, std::move(named.layer));
    }
    if (!s.final_norm) return;
    NormOptions norm = s.norm;
    if (norm.type == NormType::batch && looks_back) {
      norm.per_position = true;
      norm.max_len = s.max_len;
    }
    final_norm = &adopt_as(adopt, "final_norm", make_norm(norm, init));
  }

  void check_fit(const Json& list, const std::string& path, const Surroundings& s, const Context& context,
                 LayerFaults& faults) const {
    const std::size_t positions_tried = s.max_len == 1 ? 1 : 2;
    const std::string after = final_norm != nullptr ? "the final norm (`d_model`)" : "the head (`d_model`)";
    check_widths({list, path, blocks}, s.d_model, positions_tried, "the embedding (`d_model`)", after, context, faults);
  }

  Tensor operator()(const ModelInput& given, const Context& context) const {
    Tensor x = (*embedding_dropout)((*input)(given, context), context);
    if (positions != nullptr) x = (*positions)(x, context);
    x = (*input_dropout)(x, context);
    for (Layer* block : blocks) x = (*block)(x, context);
    return final_norm != nullptr ? (*final_norm)(x, context) : x;
  }
};

Model::Model(const ModelOptions& options, Init& init) : Model(expand(options), init) {}

Model::~Model() = default;

Model::Model(const Json& composed, Init& init, const std::string& path) {
  const LayerConfig config(composed, path, "the model");
  arch_ = config.choice("arch", Architecture::encoder,
                        {{"encoder", Architecture::encoder},
                         {"decoder", Architecture::decoder},
                         {"encoder-decoder", Architecture::encoder_decoder}});
  const bool two_stacks = arch_ == Architecture::encoder_decoder;
  const Surroundings s = surroundings(config);
  max_len_ = s.max_len;
  Source source{.vocabulary = config.size("vocabulary", 0), .features = config.size("features", 0)};
  if (source.vocabulary == 0 && source.features == 0) config.size("vocabulary");
  if (source.vocabulary != 0) config.refuse_meaningless("features", "a vocabulary");
  Source target = source;
  if (two_stacks) {
    target = {.vocabulary = config.size("target_vocabulary"), .features = 0};
  } else {
    config.refuse_meaningless("target_vocabulary", "an arch other than encoder-decoder");
    config.refuse_meaningless("encoder_blocks", "an arch other than encoder-decoder");
  }
  target_vocabulary_ = target.vocabulary;
  HeadOptions head = head_options(config, s, target.vocabulary);
  predict_ = head.predict;
  outputs_ = head.outputs;
  const bool tied = head.predict != Predict::pointer && config.flag("tie_embeddings", false);
  for (const char* key : {"blocks", "encoder_blocks"}) static_cast<void>(config.has(key));
  config.refuse_unread();

  LayerFaults faults;
  const Json none = Json::array();
  const auto list_of = [&](const char* key) -> const Json& { return composed.contains(key) ? composed.at(key) : none; };
  const auto build = [&](std::unique_ptr<Stack>& stack, const Source& reads, const char* key, bool looks_back,
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
    build(encoder_, source, "encoder_blocks", false, into(child<Group>("encoder")));
    build(decoder_, target, "blocks", true, into(child<Group>("decoder")));
  } else {
    const bool looks_back = arch_ == Architecture::decoder;
    build(looks_back ? decoder_ : encoder_, source, "blocks", looks_back,
          [this](const std::string& name, std::unique_ptr<Module> module) -> Module& {
            return adopt(name, std::move(module));
          });
  }
  faults.raise_all();
  if (tied) {
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

Tensor Model::operator()(const ModelInput& input, const Context& context) {
  if (arch_ == Architecture::encoder_decoder) {
    raise<StateError>("model", "an encoder-decoder reads a source and a target", {}, "call model(source, target, ...)");
  }
  if (arch_ == Architecture::encoder) return (*head_)((*encoder_)(input, context), context);
  Context looking_back = context;
  looking_back.mask = Mask::causal() & context.mask;
  return (*head_)((*decoder_)(input, looking_back), looking_back);
}

Tensor Model::operator()(const ModelInput& source, const ModelInput& target, const Context& context) {
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
