// Generation against definitions: the model's own distribution, recomputed whole, and exhaustive search.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/models/generate.h"
#include "tests/common/arrays.h"
#include "tests/layers/generation.h"

using namespace headlight;
using namespace headlight::layer_test;

namespace {

ModelOptions pair() {
  return {.arch = Architecture::encoder_decoder,
          .vocabulary = 6,
          .target_vocabulary = 5,
          .d_model = 8,
          .heads = 2,
          .layers = 2,
          .max_len = 12};
}

const double kGenerateTolerance = sizeof(Real) == 8 ? 1e-12 : 1e-5;

const Prompts kPrompts = {{0, 1, 2}, {3}, {2, 2, 1}, {1, 0}};

}  // namespace

TEST_CASE("greedy generation takes the likeliest token of a whole forward pass, with and without cache") {
  for (const Positions positions : {Positions::none, Positions::sinusoidal, Positions::learned, Positions::rope,
                                    Positions::alibi, Positions::relative}) {
    INFO(static_cast<int>(positions));
    Init init(3);
    Model model(decoder(positions), init);
    sharpen(model);
    for (const bool cache : {true, false}) {
      const auto results = generate(model, kPrompts, {.max_new_tokens = 6, .cache = cache});
      for (std::size_t i = 0; i < kPrompts.size(); ++i) {
        std::vector<std::int32_t> sequence = kPrompts[i];
        REQUIRE(results[i].tokens.size() == 6);
        double sum = 0;
        for (std::size_t t = 0; t < 6; ++t) {
          const std::vector<double> expected = next_log_probabilities(model, sequence);
          const auto best = std::max_element(expected.begin(), expected.end());
          CHECK(results[i].tokens[t] == best - expected.begin());
          CHECK(std::abs(results[i].log_probabilities[t] - *best) <= kGenerateTolerance);
          sum += results[i].log_probabilities[t];
          sequence.push_back(results[i].tokens[t]);
        }
        CHECK(results[i].log_probability == Approx(sum));
        CHECK_FALSE(results[i].ended);
      }
    }
  }
}

TEST_CASE("a sequence ends behind its end mark, or where the model's length ends") {
  Init init(3);
  Model model(decoder(), init);
  sharpen(model);
  const auto whole = generate(model, kPrompts, {.max_new_tokens = 100});
  for (std::size_t i = 0; i < kPrompts.size(); ++i) CHECK(whole[i].tokens.size() == 13 - kPrompts[i].size());
  // The last token has no position of its own: a prompt that fills the model still gets one.
  CHECK(generate(model, {std::vector<std::int32_t>(12, 1)}, {.max_new_tokens = 100})[0].tokens.size() == 1);
  for (std::int32_t end = 0; end < 5; ++end) {
    const auto results = generate(model, kPrompts, {.max_new_tokens = 100, .end = end});
    for (std::size_t i = 0; i < kPrompts.size(); ++i) {
      const auto& tokens_of_all = whole[i].tokens;
      const auto at = std::find(tokens_of_all.begin(), tokens_of_all.end(), end);
      CHECK(results[i].ended == (at != tokens_of_all.end()));
      const auto stop = at == tokens_of_all.end() ? at : at + 1;
      CHECK(results[i].tokens == std::vector<std::int32_t>(tokens_of_all.begin(), stop));
    }
  }
}

TEST_CASE("other prompts of a call change nothing") {
  Init init(3);
  Model model(decoder(), init);
  for (const double temperature : {0.0, 1.0}) {
    const GenerateOptions options{.max_new_tokens = 5, .end = kEnd, .temperature = temperature};
    const auto together = generate(model, kPrompts, options);
    for (std::size_t i = 0; i < kPrompts.size(); ++i) {
      CHECK(generate(model, {kPrompts[i]}, options)[0].tokens == together[i].tokens);
    }
  }
}

TEST_CASE("equal prompts draw on their own, and a source has a part in what is drawn") {
  Init init(3);
  Model model(decoder(), init);
  const GenerateOptions options{.max_new_tokens = 8, .temperature = 1};
  const auto copies = generate(model, {{0, 1}, {2}, {0, 1}}, options);
  CHECK(copies[0].tokens != copies[2].tokens);
  // The second copy draws the same wherever it stands.
  CHECK(generate(model, {{0, 1}, {0, 1}}, options)[1].tokens == copies[2].tokens);

  Model two(pair(), init);
  const auto drawn = [&](const Prompts& sources) {
    std::vector<std::vector<std::int32_t>> all;
    for (const Generated& one : generate(two, padded_source(sources), Prompts(sources.size(), {0}), options)) {
      all.push_back(one.tokens);
    }
    return all;
  };
  const auto together = drawn({{0, 1, 2, 5}, {3, 3}, {5, 4, 0}});
  CHECK(together[0] != together[1]);
  CHECK(drawn({{5, 4, 0}})[0] == together[2]);
  CHECK(drawn({{3, 3}})[0] == together[1]);
}

TEST_CASE("drawn tokens have the model's probabilities, and top_k and top_p leave the rest out") {
  Init init(3);
  Model model(decoder(), init);
  const std::vector<std::int32_t> prompt{0, 1};
  const std::vector<double> p = next_log_probabilities(model, prompt);
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
  constexpr std::size_t draws = 4000;
  const auto shares = [&](GenerateOptions options) {
    options.max_new_tokens = 1;
    std::vector<double> count(5, 0);
    for (const Generated& one : generate(model, Prompts(draws, prompt), options)) {
      count[static_cast<std::size_t>(one.tokens[0])] += 1.0 / draws;
      CHECK(one.log_probability == Approx(p[static_cast<std::size_t>(one.tokens[0])]).margin(1e-5));
    }
    return count;
  };
  // Five standard deviations of a share of 4000 draws are at most 5 / (2 sqrt(4000)) = 0.04.
  const std::vector<double> plain = shares({.temperature = 1});
  for (std::size_t v = 0; v < 5; ++v) CHECK(std::abs(plain[v] - std::exp(p[v])) < 0.04);
  const std::vector<double> sharp = shares({.temperature = 0.25});
  double total = 0;
  for (const double value : p) total += std::exp(4 * value);
  for (std::size_t v = 0; v < 5; ++v) CHECK(std::abs(sharp[v] - std::exp(4 * p[v]) / total) < 0.04);
  const std::vector<double> two = shares({.temperature = 1, .top_k = 2});
  const double both = std::exp(p[order[0]]) + std::exp(p[order[1]]);
  CHECK(two[order[2]] + two[order[3]] + two[order[4]] == 0);
  CHECK(std::abs(two[order[0]] - std::exp(p[order[0]]) / both) < 0.04);
  const std::vector<double> nucleus = shares({.temperature = 1, .top_p = both - 1e-3});
  CHECK(nucleus[order[0]] + nucleus[order[1]] == Approx(1));
  CHECK(nucleus[order[1]] > 0);
  CHECK(shares({.temperature = 1, .top_p = 1e-9})[order[0]] == Approx(1));
}

TEST_CASE("the seed decides what is drawn, the cache does not") {
  Init init(3);
  Model model(decoder(), init);
  const auto drawn = [&](std::uint64_t seed, bool cache) {
    std::vector<std::vector<std::int32_t>> all;
    for (const Generated& one :
         generate(model, kPrompts, {.max_new_tokens = 8, .temperature = 1, .seed = seed, .cache = cache})) {
      all.push_back(one.tokens);
    }
    return all;
  };
  CHECK(drawn(1, true) == drawn(1, true));
  CHECK(drawn(1, true) == drawn(1, false));
  CHECK(drawn(1, true) != drawn(2, true));
}

TEST_CASE("an encoder-decoder generates behind its source, padded or not, with and without cache") {
  Init init(3);
  Model model(pair(), init);
  sharpen(model);
  const Prompts sources{{0, 1, 2, 5}, {3, 3}, {5, 4, 0}};
  const Prompts begin(3, {0});
  for (const std::size_t beams : {std::size_t{1}, std::size_t{3}}) {
    std::vector<std::vector<Generated>> runs;
    for (const bool cache : {true, false}) {
      runs.push_back(generate(model, padded_source(sources), begin,
                              {.max_new_tokens = 6, .end = kEnd, .beams = beams, .cache = cache}));
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
      CHECK(runs[0][i].tokens == runs[1][i].tokens);
      CHECK(std::abs(runs[0][i].log_probability - runs[1][i].log_probability) <= 10 * kGenerateTolerance);
      const auto alone =
          generate(model, padded_source({sources[i]}), {{0}}, {.max_new_tokens = 6, .end = kEnd, .beams = beams});
      CHECK(alone[0].tokens == runs[0][i].tokens);
    }
  }
}

TEST_CASE("what cannot be generated is refused") {
  Init init(3);
  Model model(decoder(), init);
  const auto refused = [&](const GenerateOptions& options) {
    CHECK_THROWS_AS(generate(model, {{0}}, options), ConfigError);
  };
  refused({.temperature = -1});
  refused({.temperature = 1, .top_p = 0});
  refused({.temperature = 1, .top_p = 1.5});
  refused({.top_k = 3});
  refused({.top_p = 0.5});
  refused({.temperature = 1, .beams = 2});
  refused({.beams = 0});
  refused({.length_penalty = 1});
  CHECK_THROWS_AS(generate(model, {{}}), ShapeError);
  CHECK_THROWS_AS(generate(model, Prompts{std::vector<std::int32_t>(13, 0)}), ShapeError);
  CHECK(generate(model, {}).empty());
  CHECK_THROWS_WITH(generate(model, Prompts{{0}}, {.end = 5}), Catch::Contains("end 5, 5 outputs"));
  CHECK_THROWS_AS(generate(model, Prompts{{0}}, {.end = -1}), ConfigError);
  ModelOptions wide = decoder();
  wide.outputs = 6;
  Model unreadable(wide, init);
  CHECK_THROWS_WITH(generate(unreadable, {{0}}), Catch::Contains("6 outputs, 5 tokens"));
  ModelOptions options = decoder();
  options.arch = Architecture::encoder;
  Model encoder(options, init);
  CHECK_THROWS_AS(generate(encoder, {{0}}), StateError);
  options = decoder();
  options.predict = Predict::pooled;
  Model pooled(options, init);
  CHECK_THROWS_AS(generate(pooled, {{0}}), StateError);
  Model two(pair(), init);
  CHECK_THROWS_AS(generate(two, {{0}}), StateError);
  CHECK_THROWS_AS(generate(two, padded_source({{0}, {1}}), {{0}}), ShapeError);
  CHECK_THROWS_AS(padded_source({}), ShapeError);
}
