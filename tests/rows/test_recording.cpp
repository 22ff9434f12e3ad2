// Looking at attention changes no byte: random models with every kind of option, masks and modes, with a recorder, with
// hooks on every point, and without.
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/loss.h"
#include "autograd/scopes.h"
#include "core/random.h"
#include "layers/hooks.h"
#include "layers/models/model.h"
#include "tests/common/arrays.h"
#include "tests/layers/model_runs.h"
#include "tests/layers/random_attention.h"

using namespace headlight;
using namespace headlight::layer_test;
using headlight::testing::drawn;

namespace {

constexpr std::size_t kBatch = 3, kTime = 4, kVocabulary = 5;

/// Picks by a counter-based draw, so that a model depends on its number alone.
class Picks {
 public:
  explicit Picks(std::uint64_t n) : random_({.seed = 17, .stream = n}) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.uniform_below(n)); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class E>
  E among(std::initializer_list<E> values) {
    return *(values.begin() + below(values.size()));
  }

 private:
  Random random_;
};

/// Architecture, depth, heads, options of the attention, norms, activations, positions and heads of the model at random.
ModelOptions random_model(std::uint64_t n) {
  Picks pick(n);
  ModelOptions o;
  o.arch = pick.among({Architecture::encoder, Architecture::decoder, Architecture::encoder_decoder});
  const bool reads_vectors = o.arch == Architecture::encoder && pick.one_in(4);
  o.vocabulary = reads_vectors ? 0 : kVocabulary;
  o.features = reads_vectors ? 3 : 0;
  o.outputs = reads_vectors ? 3 : 0;
  o.d_model = 4 + pick.below(4);
  o.d_ff = 2 + pick.below(5);
  o.layers = 1 + pick.below(3);
  o.max_len = 8;
  o.attention_only = pick.one_in(5);
  // What the whole model's options say, they say in the attention's place.
  MultiHeadAttentionOptions a = random_attention(n, true).options;
  o.heads = a.heads;
  o.kv_heads = a.kv_heads;
  o.head_size = a.head_size;
  switch (a.positions) {
    case AttentionPositions::rope:
      o.positions = Positions::rope;
      break;
    case AttentionPositions::alibi:
      o.positions = Positions::alibi;
      break;
    case AttentionPositions::relative:
      o.positions = Positions::relative;
      break;
    case AttentionPositions::none:
      o.positions = pick.among({Positions::none, Positions::sinusoidal, Positions::learned});
  }
  const MultiHeadAttentionOptions plain;
  o.bias.attention = a.bias;
  a.d_model = plain.d_model;
  a.heads = plain.heads;
  a.kv_heads = a.head_size = a.out_size = a.key_width = a.value_width = 0;
  a.bias = plain.bias;
  a.positions = plain.positions;
  a.user_score = nullptr;
  o.attention = a;
  o.norm = pick.among(
      {NormPlacement::pre, NormPlacement::post, NormPlacement::none, NormPlacement::sandwich, NormPlacement::parallel});
  o.residual = pick.among({ResidualKind::plain, ResidualKind::scaled, ResidualKind::gated});
  if (o.norm == NormPlacement::parallel && o.residual == ResidualKind::gated) o.residual = ResidualKind::plain;
  if (o.norm != NormPlacement::none) o.norm_type = pick.among({NormType::layer, NormType::rms, NormType::batch});
  if (!o.attention_only) {
    o.activation = pick.among({Activation::relu, Activation::gelu, Activation::gelu_tanh, Activation::silu});
    o.gated = (o.activation == Activation::silu || o.activation == Activation::gelu) && pick.one_in(2);
  }
  if (o.arch != Architecture::encoder_decoder) {
    o.predict = pick.among({Predict::every, Predict::every, Predict::last, Predict::pooled});
    if (o.arch == Architecture::encoder && o.outputs == 0 && pick.one_in(5)) o.predict = Predict::pointer;
  }
  if (o.predict != Predict::pointer) {
    if (o.norm_type != NormType::batch && !o.gated && pick.one_in(4)) o.head = HeadKind::mlp;
    o.tie_embeddings = o.vocabulary != 0 && pick.one_in(4);
  }
  return o;
}

ModelOptions with_dropout(ModelOptions options, double p) {
  options.dropout.embedding = options.dropout.attention = options.dropout.residual = p;
  if (!options.attention_only) options.dropout.feed_forward = p;
  return options;
}

/// Three masks for a model, of those that fit it.
std::vector<Mask> random_masks(std::uint64_t n, const ModelOptions& o) {
  Picks pick(n + 1000000);
  Booleans hidden(Shape{kBatch, o.heads, kTime, kTime});
  for (std::uint8_t& byte : hidden) byte = pick.one_in(3) ? 1 : 0;
  for (std::size_t k = 0; k < kTime; ++k) hidden.data()[k] = 1;  // a row that sees nothing
  std::vector<Mask> all{Mask(), Mask::forbid(hidden), Mask::bias(drawn({kTime, kTime}, -1, 1, n))};
  if (o.norm_type != NormType::batch) {  // statistics over time are refused under causal(), few numbers under padding()
    std::vector<std::size_t> lengths(kBatch);
    for (std::size_t& length : lengths) length = pick.below(kTime + 1);
    all.push_back(Mask::causal());
    all.push_back(Mask::padding(lengths));
    all.push_back(Mask::causal() & Mask::window(2) & Mask::padding(lengths));
    all.push_back(Mask::causal() & Mask::forbid(hidden) & Mask::bias(drawn({o.heads, 1, kTime}, -1, 1, n)));
  }
  while (all.size() > 3) all.erase(all.begin() + static_cast<std::ptrdiff_t>(pick.below(all.size())));
  return all;
}

enum class Mode { train, evaluate, no_grad };

/// One pass of the model from the same state.
class Passes {
 public:
  Passes(const ModelOptions& options, std::uint64_t n) : is_pair_(options.arch == Architecture::encoder_decoder) {
    Init init(n);
    model_ = std::make_unique<Model>(options, init);
    for (const NamedBuffer& buffer : model_->buffers()) buffers_.push_back(buffer.tensor.value());
    Picks pick(n + 2000000);
    ids_ = Tokens(Shape{kBatch, kTime});
    for (std::int32_t& id : ids_) id = static_cast<std::int32_t>(pick.below(kVocabulary));
    if (options.features != 0) vectors_ = Tensor(drawn({kBatch, kTime, options.features}, -1, 1, n));
  }

  const Model& model() const { return *model_; }

  ModelRun run(Mode mode, const Mask& mask, AttentionRecorder* recorder, const Hooks* hooks) {
    // Batch norms remember; each pass begins with what the first one found.
    std::size_t i = 0;
    for (const NamedBuffer& buffer : model_->buffers()) buffer.tensor.assign(buffers_[i++]);
    StepRandom random(3, 4);
    const bool training = mode == Mode::train;
    Context context{.training = training, .random = training ? &random : nullptr, .mask = mask};
    if (is_pair_) context.memory_mask = mask;
    context.recorder = recorder;
    context.hooks = hooks;
    if (mode != Mode::no_grad) return pass(context);
    const NoGrad guard;
    return pass(context);
  }

 private:
  ModelRun pass(const Context& context) {
    const Tensor logits = is_pair_             ? (*model_)(ids_, ids_, context)
                          : vectors_.defined() ? (*model_)(vectors_, context)
                                               : (*model_)(ids_, context);
    Tokens targets(Shape(logits.shape().begin(), logits.shape().end() - 1));
    for (std::size_t i = 0; i < targets.size(); ++i) {
      targets.data()[i] = static_cast<std::int32_t>(i % logits.shape().back());
    }
    const Tensor loss = cross_entropy(logits, targets);
    ModelRun run{logits.value(), loss.value(), {}};
    if (!grad_enabled()) return run;
    for (const NamedParameter& parameter : model_->parameters()) parameter.tensor.zero_grad();
    loss.backward();
    for (const NamedParameter& p : model_->parameters()) {
      run.gradients.push_back(p.tensor.has_grad() ? p.tensor.grad() : zeros({1}));
    }
    return run;
  }

  bool is_pair_;
  std::unique_ptr<Model> model_;
  std::vector<Array> buffers_;
  Tokens ids_;
  Tensor vectors_;
};

constexpr HookPoint kPoints[] = {HookPoint::input, HookPoint::output,       HookPoint::query,   HookPoint::key,
                                 HookPoint::value, HookPoint::logits,       HookPoint::weights, HookPoint::used_weights,
                                 HookPoint::z,     HookPoint::contributions};

}  // namespace

TEST_CASE("row N1: 200 random models give the same bytes with a recorder, with hooks on all points, and without") {
  std::size_t passes = 0;
  for (std::uint64_t n = 0; n < combinations(200); ++n) {
    const ModelOptions options = random_model(n);
    const std::vector<Mask> masks = random_masks(n, options);
    for (const double dropout : {0.0, 0.1}) {
      Passes model(with_dropout(options, dropout), n);
      Hooks hooks(model.model());
      std::size_t reads = 0;
      for (const HookPoint point : kPoints) {
        hooks.read("*", point, [&reads](const std::string&, const Tensor& value) {
          if (value.defined()) ++reads;
        });
      }
      for (std::size_t m = 0; m < masks.size(); ++m) {
        for (const Mode mode : {Mode::train, Mode::evaluate, Mode::no_grad}) {
          CAPTURE(n, m, dropout, static_cast<int>(mode));
          const ModelRun plain = model.run(mode, masks[m], nullptr, nullptr);
          Recording recording;
          CHECK(same_run(plain, model.run(mode, masks[m], &recording, nullptr)));
          CHECK(recording.paths.size() >= options.layers);
          reads = 0;
          CHECK(same_run(plain, model.run(mode, masks[m], nullptr, &hooks)));
          CHECK(reads >= 10 * options.layers);
          CHECK((mode == Mode::no_grad) == plain.gradients.empty());
          ++passes;
        }
      }
    }
  }
  CHECK(passes >= combinations(200) * 2 * 3 * 3);
}
