// Promises about what an encoder may depend on: recording, modes, the future, padding, other sequences, order.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/scopes.h"
#include "layers/compat.h"
#include "tests/common/arrays.h"
#include "tests/layers/model_runs.h"

using namespace headlight;
using namespace headlight::layer_test;

namespace {

/// True when the rows [0, rows) of batch member `b` are equal to the byte.
bool same_rows(const Array& a, const Array& b, std::size_t member, std::size_t rows) {
  const std::size_t width = a.shape()[2];
  const std::size_t begin = member * a.shape()[1] * width;
  return std::equal(a.data() + begin, a.data() + begin + rows * width, b.data() + begin);
}

}  // namespace

TEST_CASE("recording, training with dropout 0, evaluation and no-grad give the same bytes under every mask") {
  for (const NormPlacement norm : {NormPlacement::pre, NormPlacement::post}) {
    Init init(4);
    Model model(small_model(norm), init);
    for (const auto& [name, mask] : masks_to_try()) {
      INFO(name);
      const ModelRun plain = run_model(model, some_ids(), some_targets(), {.mask = mask});
      Recording evaluation, training, without_graph;
      StepRandom random(1, 1);
      CHECK(same_run(plain, run_model(model, some_ids(), some_targets(), {.mask = mask, .recorder = &evaluation})));
      CHECK(same_run(plain, run_model(model, some_ids(), some_targets(), {.training = true, .mask = mask})));
      CHECK(same_run(plain, run_model(model, some_ids(), some_targets(),
                                      {.training = true, .random = &random, .mask = mask, .recorder = &training})));
      {
        const NoGrad guard;
        CHECK(same_run(plain, run_model(model, some_ids(), some_targets(), {.mask = mask})));
        CHECK(
            same_run(plain, run_model(model, some_ids(), some_targets(), {.mask = mask, .recorder = &without_graph})));
      }
      CHECK(evaluation.paths == std::vector<std::string>{"layers.0.attention", "layers.1.attention"});
      for (std::size_t i = 0; i < evaluation.weights.size(); ++i) {
        CHECK(evaluation.weights[i].shape() == Shape{3, 2, 5, 5});
        CHECK(same_bytes(evaluation.weights[i].value(), training.weights.at(i).value()));
        CHECK(same_bytes(evaluation.weights[i].value(), without_graph.weights.at(i).value()));
      }
    }
  }
}

TEST_CASE("recorded weights are those before dropout, and recording changes nothing under dropout either") {
  ModelOptions options = small_model();
  options.dropout.attention = 0.5;
  Init init(4);
  Model model(options, init);
  const auto run = [&](AttentionRecorder* recorder) {
    StepRandom random(9, 2);
    return run_model(model, some_ids(), some_targets(),
                     {.training = true, .random = &random, .mask = Mask::causal(), .recorder = recorder});
  };
  Recording recording;
  CHECK(same_run(run(nullptr), run(&recording)));
  // Rows of the weights sum to 1: 5 roundings of numbers below 1.
  const double tolerance = sizeof(Real) == 8 ? 1e-15 : 6e-7;
  for (const Tensor& weights : recording.weights) {
    for (std::size_t row = 0; row < weights.size() / 5; ++row) {
      double sum = 0;
      for (std::size_t k = 0; k < 5; ++k) sum += static_cast<double>(weights.value().data()[row * 5 + k]);
      CHECK(std::abs(sum - 1) <= tolerance);
    }
  }
}

TEST_CASE("rows that see nothing have zero weights, are counted, and leave the rest of the model finite") {
  Init init(4);
  Model model(small_model(), init);
  Recording recording;
  const ModelRun run =
      run_model(model, some_ids(), some_targets(), {.mask = Mask::padding({5, 0, 2}), .recorder = &recording});
  // Member 1 has no visible key: its 5 queries in both heads.
  CHECK(recording.hidden_rows == std::vector<std::size_t>{10, 10});
  for (const Tensor& weights : recording.weights) {
    const Real* const member = weights.value().data() + 50;
    CHECK(std::all_of(member, member + 50, [](Real w) { return w == 0; }));
  }
  CHECK(std::all_of(run.logits.begin(), run.logits.end(), [](Real x) { return std::isfinite(x); }));
  for (const Array& gradient : run.gradients) {
    CHECK(std::all_of(gradient.begin(), gradient.end(), [](Real x) { return std::isfinite(x); }));
  }
}

TEST_CASE("a causal encoder does not see the future: changing token t leaves earlier logits byte-equal") {
  for (const NormPlacement norm : {NormPlacement::pre, NormPlacement::post}) {
    Init init(5);
    Model model(small_model(norm), init);
    const Context context{.mask = Mask::causal()};
    const Array before = model(some_ids(), context).value();
    for (std::size_t t = 0; t < 5; ++t) {
      Tokens ids = some_ids();
      ids.data()[5 + t] = (ids.data()[5 + t] + 1) % 7;
      const Array after = model(ids, context).value();
      INFO("token " << t);
      CHECK(same_rows(before, after, 1, t));
      CHECK_FALSE(same_rows(before, after, 1, t + 1));  // its own logits do change
      CHECK(same_rows(before, after, 0, 5));            // other sequences never do
      CHECK(same_rows(before, after, 2, 5));
    }
  }
}

TEST_CASE("what stands in padded positions never matters: logits, loss and gradients are byte-equal") {
  const std::vector<std::size_t> lengths{5, 2, 4};
  Init init(6);
  Model model(small_model(), init);
  const Context context{.training = true, .mask = Mask::padding(lengths)};
  Tokens targets = some_targets();
  for (std::size_t b = 0; b < 3; ++b) {
    for (std::size_t t = lengths[b]; t < 5; ++t) targets.data()[b * 5 + t] = -1;
  }
  const ModelRun before = run_model(model, some_ids(), targets, context);
  for (std::int32_t filler = 0; filler < 7; ++filler) {
    Tokens ids = some_ids();
    for (std::size_t b = 0; b < 3; ++b) {
      for (std::size_t t = lengths[b]; t < 5; ++t) ids.data()[b * 5 + t] = filler;
    }
    ModelRun after = run_model(model, ids, targets, context);
    INFO("filler " << filler);
    for (std::size_t b = 0; b < 3; ++b) CHECK(same_rows(before.logits, after.logits, b, lengths[b]));
    after.logits = before.logits;  // those of padded positions may differ
    CHECK(same_run(before, after));
  }
}

TEST_CASE("other members of a batch never matter, whatever the mask") {
  Init init(7);
  Model model(small_model(), init);
  for (const auto& [name, mask] : masks_to_try()) {
    INFO(name);
    const Array before = model(some_ids(), {.mask = mask}).value();
    Tokens ids = some_ids();
    for (std::size_t t = 0; t < 5; ++t) ids.data()[t] = (ids.data()[t] + 3) % 7;
    const Array after = model(ids, {.mask = mask}).value();
    CHECK_FALSE(same_rows(before, after, 0, 5));
    CHECK(same_rows(before, after, 1, 5));
    CHECK(same_rows(before, after, 2, 5));
  }
}

TEST_CASE("an encoder without positions maps a permuted input to the permuted output") {
  ModelOptions options = small_model();
  options.positions = Positions::none;
  Init init(8);
  Model model(options, init);
  const std::vector<std::size_t> order{3, 0, 4, 2, 1};
  Tokens permuted = some_ids();
  for (std::size_t b = 0; b < 3; ++b) {
    for (std::size_t t = 0; t < 5; ++t) permuted.data()[b * 5 + t] = some_ids().data()[b * 5 + order[t]];
  }
  const Array y = model(some_ids(), {}).value();
  const Array expected = headlight::testing::by_index(y.shape(), [&](const auto& i) {
    return headlight::testing::at(y, {i[0], order[i[1]], i[2]});
  });
  // Sums over keys are taken in another order: some hundred roundings of numbers near 1.
  const double tolerance = sizeof(Real) == 8 ? 1e-13 : 1e-5;
  CHECK(headlight::testing::difference(model(permuted, {}).value(), expected, 0, tolerance) == "");
}

TEST_CASE("a mask from another system means what it means there") {
  Booleans marked(Shape{1, 2});
  marked.data()[0] = 1;
  marked.data()[1] = 0;
  const auto hidden = [&](Compat compat, std::size_t key) {
    return !imported_mask(compat, marked).explain({1, 1, 1, 2}, 0, 0, 0, key).empty();
  };
  for (const Compat compat : {Compat::torch, Compat::founding}) {
    CHECK(hidden(compat, 0));
    CHECK_FALSE(hidden(compat, 1));
  }
  CHECK_FALSE(hidden(Compat::keras, 0));
  CHECK(hidden(Compat::keras, 1));
}
