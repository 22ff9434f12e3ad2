// Ablation against its definition: the same change made by other means in a run of the whole model.
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/heads/ablation.h"
#include "apps/training/evaluate.h"
#include "apps/training/objective.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/hooks.h"
#include "tests/apps/heads/heads_testing.h"

using namespace headlight;
using headlight::testing::Built;
using headlight::testing::built_from;

namespace {

constexpr std::size_t kExamples = 11;

Score score_of(const Built& built, const Batch& batch, const Hooks& hooks) {
  const NoGrad no_grad;
  Score total;
  const Tensor answers = run_model(*built.model, batch, {.hooks = &hooks});
  for (const Score& score : score_examples(answers.value(), batch, built.config.loss.type)) total += score;
  return total;
}

/// Rows of z that belong to a sequence.
std::vector<std::size_t> real_rows(const Batch& batch, const std::string& path) {
  const bool of_target = batch.begun.size() != 0 && path.find("decoder") == 0;
  return of_target ? batch.target_lengths() : batch.lengths;
}

/// z of one head replaced by its mean over the rows of all sequences.
Tensor mean_by_hand(const Tensor& z, std::size_t head, const std::vector<std::size_t>& real) {
  Array changed = z.value();
  const Shape& s = z.shape();
  for (std::size_t d = 0; d < s[3]; ++d) {
    double sum = 0, count = 0;
    for (std::size_t b = 0; b < s[0]; ++b) {
      for (std::size_t q = 0; q < real[b]; ++q, ++count) sum += static_cast<double>(z.value()(b, head, q, d));
    }
    for (std::size_t b = 0; b < s[0]; ++b) {
      for (std::size_t q = 0; q < s[2]; ++q) changed(b, head, q, d) = static_cast<Real>(sum / count);
    }
  }
  return Tensor(changed);
}

/// Equal weights at the keys that have any: softmax gives none to hidden keys alone.
Tensor alike_by_hand(const Tensor& weights, std::size_t head) {
  Array changed = weights.value();
  const Shape& s = weights.shape();
  for (std::size_t b = 0; b < s[0]; ++b) {
    for (std::size_t q = 0; q < s[2]; ++q) {
      Real seen = 0;
      for (std::size_t k = 0; k < s[3]; ++k) seen += weights.value()(b, head, q, k) > 0 ? Real{1} : Real{0};
      for (std::size_t k = 0; k < s[3]; ++k) {
        changed(b, head, q, k) = weights.value()(b, head, q, k) > 0 ? 1 / seen : Real{0};
      }
    }
  }
  return Tensor(changed);
}

void check_against_definition(const Built& built) {
  Batch batch;
  fill_batch(*built.task, Split::eval, 0, kExamples, batch);
  HeadMeans means(*built.model);
  {
    const NoGrad no_grad;
    run_model(*built.model, batch, {.hooks = &means.hooks_for(batch)});
  }
  AblationStudy ablation(*built.model, {Ablation::mean, Ablation::zero, Ablation::uniform}, built.config.loss.type,
                         &means);
  ablation.add(batch);
  const Score clean = score_of(built, batch, Hooks(*built.model));
  const std::vector<HeadEffect> effects = ablation.effects();
  CHECK(effects.size() >= 6);
  bool changed = false;
  for (const HeadEffect& effect : effects) {
    INFO(effect.path << " head " << effect.head << " " << name_of(effect.ablation));
    Hooks hooks(*built.model);
    const std::vector<std::size_t> real = real_rows(batch, effect.path);
    switch (effect.ablation) {
      case Ablation::mean:
        hooks.overwrite(effect.path, HookPoint::z,
                        [&](const std::string&, const Tensor& z) { return mean_by_hand(z, effect.head, real); });
        break;
      case Ablation::zero:
        hooks.overwrite(effect.path, HookPoint::contributions, [&](const std::string&, const Tensor& parts) {
          Array without = parts.value();
          const std::size_t size = parts.shape()[2] * parts.shape()[3];
          for (std::size_t b = 0; b < parts.shape()[0]; ++b) {
            std::fill_n(without.data() + (b * parts.shape()[1] + effect.head) * size, size, Real{0});
          }
          return Tensor(without);
        });
        break;
      case Ablation::uniform:
        hooks.overwrite(effect.path, HookPoint::used_weights,
                        [&](const std::string&, const Tensor& weights) { return alike_by_hand(weights, effect.head); });
        break;
    }
    const Score without = score_of(built, batch, hooks);
    // Other roundings on the way: some hundred products of size 1 in float.
    CHECK(effect.loss.change == Approx(without.loss() - clean.loss()).margin(2e-5));
    CHECK_FALSE(effect.loss.error.has_value());
    changed = changed || std::abs(effect.loss.change) > 1e-3;
  }
  CHECK(changed);
}

constexpr const char* kRagged =
    R"({"type": "reverse", "symbols": 4, "length": {"min": 2, "max": 6}, "eval": {"examples": 24, "seed": 1}})";

}  // namespace

TEST_CASE("An ablated head is one whose result was replaced, in every architecture and under padding") {
  for (const char* arch : {R"("arch": "encoder", "layers": 2)", R"("arch": "decoder", "layers": 2)",
                           R"("arch": "encoder-decoder", "encoder_layers": 2, "decoder_layers": 2)"}) {
    for (const char* more : {"", R"(, "kv_heads": 1, "norm": "post")", R"(, "attention": {"window": 2})"}) {
      INFO(arch << more);
      check_against_definition(
          built_from(kRagged, std::string("{") + arch + R"(, "d_model": 16, "heads": 2, "d_ff": 16)" + more + "}"));
    }
  }
}

TEST_CASE("Blocks written out by a user are ablated: an attention that is a block itself, and residuals in a row") {
  check_against_definition(
      built_from(kRagged, R"({"arch": "encoder", "d_model": 8, "max_len": 6, "positions": "learned",
    "blocks": [{"type": "multi_head_attention", "d_model": 8, "heads": 2},
               {"type": "residual", "width": 8, "norm": "pre", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 2}}]})"));
}

TEST_CASE("The change of a figure and its error over batches") {
  const auto score = [](double loss, std::uint64_t targets, std::uint64_t right, std::uint64_t whole) {
    return Score{
        .loss_sum = loss,
        .accuracy = {.positions = targets, .correct_positions = right, .sequences = 2, .correct_sequences = whole}};
  };
  // Batches of equal weight: changes of 1 and 3 per 10 targets are 0.1 and 0.3; their mean 0.2 has the error 0.2 / 2.
  const std::vector<Score> before{score(1, 10, 10, 2), score(2, 10, 8, 1)};
  const HeadEffect equal = effect_of(before, {score(2, 10, 5, 0), score(5, 10, 7, 1)}, false);
  CHECK(equal.batches == 2);
  CHECK(equal.loss.change == Approx(0.2));
  CHECK(equal.loss.error.value() == Approx(0.1));
  CHECK(equal.tok_acc->change == Approx(-6.0 / 20));
  CHECK(equal.tok_acc->error.value() == Approx(0.2));  // -0.5 and -0.1
  CHECK(equal.seq_acc->change == Approx(-0.5));
  CHECK(equal.seq_acc->error.value() == Approx(0.5));  // -1 and 0
  // Of 10 and 30 targets: (1 + 9) / 40 = 0.25; residuals 1 - 2.5 and 9 - 7.5; sqrt(2 / 1 (2.25 + 2.25)) / 40 = 3 / 40.
  const HeadEffect uneven =
      effect_of({score(0, 10, 0, 0), score(0, 30, 0, 0)}, {score(1, 10, 0, 0), score(9, 30, 0, 0)}, true);
  CHECK(uneven.loss.change == Approx(0.25));
  CHECK(uneven.loss.error.value() == Approx(3.0 / 40));
  CHECK_FALSE(uneven.tok_acc.has_value());
  CHECK_THROWS_AS(effect_of(before, {}, false), ShapeError);
}

TEST_CASE("Ablations have names") {
  CHECK(parse_ablation("uniform", "--ablate") == Ablation::uniform);
  CHECK(name_of(Ablation::mean) == "mean");
  CHECK(ablations_of(config::HeadAblation::kUniform) == std::vector<Ablation>{Ablation::uniform});
  CHECK(ablations_of(config::HeadAblation::kNone).empty());
  CHECK_THROWS_WITH(parse_ablation("man", "--ablate"), Catch::Contains("--ablate: `man` is no ablation"));
}
