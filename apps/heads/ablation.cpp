#include "apps/heads/ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "apps/heads/block_inputs.h"
#include "apps/heads/captured_run.h"
#include "apps/training/attention_layers.h"
#include "apps/training/evaluate.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/hooks.h"
#include "layers/multi_head_attention.h"

namespace headlight {
namespace {

constexpr std::array<std::string_view, 3> kAblationNames = {"mean", "zero", "uniform"};

/// z of one head if it reads the keys that it sees alike: means over ranges of keys, from running sums.
Tensor read_alike(const Tensor& z, const Tensor& value, std::size_t head, const std::vector<KeyRange>& visible) {
  const std::size_t heads = z.shape()[1];
  const std::size_t queries = z.shape()[2];
  const std::size_t size = z.shape()[3];
  const std::size_t value_heads = value.shape()[1];
  const std::size_t keys = value.shape()[2];
  const std::size_t own = head / (heads / value_heads);
  std::vector<double> sums((keys + 1) * size);
  std::vector<Real> mean(size);
  std::size_t summed = z.shape()[0];  // the member whose sums these are: none yet
  return with_head_replaced(z, head, [&](std::size_t member, std::size_t query) {
    if (summed != member) {
      const Real* const rows = value.value().data() + (member * value_heads + own) * keys * size;
      for (std::size_t i = 0; i < keys * size; ++i) sums[size + i] = sums[i] + static_cast<double>(rows[i]);
      summed = member;
    }
    const KeyRange& seen = visible[member * queries + query];
    const double count = std::max(static_cast<double>(seen.size()), 1.0);
    for (std::size_t d = 0; d < size; ++d) {
      mean[d] = static_cast<Real>((sums[seen.end * size + d] - sums[seen.begin * size + d]) / count);
    }
    return mean.data();
  });
}

/// One figure of a score as a ratio of sums.
struct Ratio {
  double part;
  double whole;
};

using RatioOf = std::function<Ratio(const Score&)>;

Effect change_of(const std::vector<Score>& before, const std::vector<Score>& after, const RatioOf& ratio_of) {
  double changes = 0, weights = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    changes += ratio_of(after[i]).part - ratio_of(before[i]).part;
    weights += ratio_of(before[i]).whole;
  }
  if (weights == 0) return {};
  Effect effect{.change = changes / weights};
  if (before.size() < 2) return effect;
  double squares = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Ratio own = ratio_of(before[i]);
    const double residual = ratio_of(after[i]).part - own.part - effect.change * own.whole;
    squares += residual * residual;
  }
  const auto count = static_cast<double>(before.size());
  effect.error = std::sqrt(count / (count - 1) * squares) / weights;
  return effect;
}

Score total_of(const std::vector<Score>& scores) {
  Score total;
  for (const Score& score : scores) total += score;
  return total;
}

}  // namespace

std::string_view name_of(Ablation ablation) { return kAblationNames[static_cast<std::size_t>(ablation)]; }

Ablation parse_ablation(std::string_view word, std::string_view option) {
  for (std::size_t i = 0; i < kAblationNames.size(); ++i) {
    if (kAblationNames[i] == word) return static_cast<Ablation>(i);
  }
  raise<ConfigError>(option, fmt::format("`{}` is no ablation", word), {}, "give mean, zero or uniform");
}

std::vector<Ablation> ablations_of(config::HeadAblation wanted) {
  switch (wanted) {
    case config::HeadAblation::kMean:
      return {Ablation::mean};
    case config::HeadAblation::kZero:
      return {Ablation::zero};
    case config::HeadAblation::kUniform:
      return {Ablation::uniform};
    case config::HeadAblation::kNone:
      break;
  }
  return {};
}

HeadEffect effect_of(const std::vector<Score>& before, const std::vector<Score>& after, bool numbers) {
  if (before.size() != after.size()) {
    raise<ShapeError>("head effect", "the same batches are needed before and after",
                      fmt::format("{} and {}", before.size(), after.size()));
  }
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  HeadEffect effect{.batches = before.size()};
  effect.loss = change_of(before, after, [&](const Score& score) {
    return Ratio{.part = score.loss_sum, .whole = count(score.accuracy.positions)};
  });
  if (numbers) return effect;
  effect.tok_acc = change_of(before, after, [&](const Score& score) {
    return Ratio{.part = count(score.accuracy.correct_positions), .whole = count(score.accuracy.positions)};
  });
  effect.seq_acc = change_of(before, after, [&](const Score& score) {
    return Ratio{.part = count(score.accuracy.correct_sequences), .whole = count(score.accuracy.sequences)};
  });
  return effect;
}

AblationStudy::AblationStudy(Model& model, const std::vector<Ablation>& ablations, config::LossType loss,
                             const HeadMeans* means)
    : model_(model), loss_(loss), means_(means) {
  for (const MultiHeadAttention* layer : attention_layers(model)) {
    for (std::size_t head = 0; head < layer->heads(); ++head) {
      for (const Ablation ablation : ablations) {
        if (ablation == Ablation::mean && means == nullptr) {
          raise<StateError>("head ablation", "the mean of a head must be known to take its place");
        }
        ones_.push_back({.path = layer->path(), .head = head, .ablation = ablation});
      }
    }
  }
}

void AblationStudy::add(const Batch& batch) {
  if (ones_.empty()) return;
  const NoGrad no_grad;
  numbers_ = !batch.values.empty();
  const auto score = [&](const Context& context) {
    return total_of(score_examples(run_model(model_, batch, context).value(), batch, loss_));
  };
  BlockInputs inputs(model_);
  clean_.push_back(score({.hooks = &inputs.hooks()}));
  const VisibleKeysOf visible_of(model_);
  for (One& one : ones_) {
    Hooks hooks(model_);
    Tensor value;
    if (one.ablation == Ablation::uniform) {
      hooks.read(one.path, HookPoint::value, [&](const std::string&, const Tensor& read) { value = read; });
    }
    std::vector<Real> mean;
    if (one.ablation == Ablation::mean) {
      for (const double number : means_->mean(one.path)) mean.push_back(static_cast<Real>(number));
    }
    hooks.overwrite(one.path, HookPoint::z, [&](const std::string& path, const Tensor& z) {
      const std::size_t size = z.shape()[3];
      switch (one.ablation) {
        case Ablation::mean:
          return with_head_replaced(z, one.head,
                                    [&](std::size_t, std::size_t) { return mean.data() + one.head * size; });
        case Ablation::zero:
          mean.assign(size, 0);
          return with_head_replaced(z, one.head, [&](std::size_t, std::size_t) { return mean.data(); });
        case Ablation::uniform:
          break;
      }
      return read_alike(z, value, one.head, visible_of(batch, path, z.shape()[2], value.shape()[2]));
    });
    Context context{.hooks = &hooks};
    inputs.begin_at(one.path, context);
    one.scores.push_back(score(context));
  }
}

std::vector<HeadEffect> AblationStudy::effects() const {
  std::vector<HeadEffect> effects;
  effects.reserve(ones_.size());
  for (const One& one : ones_) {
    HeadEffect effect = effect_of(clean_, one.scores, numbers_);
    effect.path = one.path;
    effect.head = one.head;
    effect.ablation = one.ablation;
    effects.push_back(std::move(effect));
  }
  return effects;
}

}  // namespace headlight
