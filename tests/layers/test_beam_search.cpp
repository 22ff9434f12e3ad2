// Beam search against exhaustive search, and against its definition.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "layers/models/generate.h"
#include "tests/layers/generation.h"

using namespace headlight;
using namespace headlight::layer_test;

namespace {

const double kBeamTolerance = sizeof(Real) == 8 ? 1e-12 : 1e-5;

}  // namespace

TEST_CASE("a beam as wide as all continuations finds the best one, under every length penalty") {
  Init init(3);
  Model model(decoder(), init);
  sharpen(model);
  constexpr std::size_t most = 3;
  for (const double penalty : {0.0, 0.6, 2.0}) {
    double best = -1e30;
    std::vector<std::int32_t> expected;
    // Every continuation of up to three tokens that ends with the mark or is three long.
    std::vector<std::pair<std::vector<std::int32_t>, double>> open{{{}, 0}};
    while (!open.empty()) {
      const auto [made, sum] = open.back();
      open.pop_back();
      std::vector<std::int32_t> sequence{0, 1};
      sequence.insert(sequence.end(), made.begin(), made.end());
      const std::vector<double> p = next_log_probabilities(model, sequence);
      for (std::int32_t v = 0; v < 5; ++v) {
        std::vector<std::int32_t> longer = made;
        longer.push_back(v);
        const double total = sum + p[static_cast<std::size_t>(v)];
        if (v != kEnd && longer.size() < most) {
          open.push_back({longer, total});
          continue;
        }
        const double score = total / std::pow((5.0 + static_cast<double>(longer.size())) / 6, penalty);
        if (score > best) best = score, expected = longer;
      }
    }
    for (const bool cache : {true, false}) {
      const auto found =
          generate(model, {{0, 1}},
                   {.max_new_tokens = most, .end = kEnd, .beams = 125, .length_penalty = penalty, .cache = cache});
      INFO("penalty " << penalty);
      CHECK(found[0].tokens == expected);
      CHECK(found[0].ended == (expected.back() == kEnd));
    }
  }
}

TEST_CASE("a beam of two keeps the two best beginnings at each step, against all continuations of a tiny model") {
  constexpr std::size_t vocabulary = 3, steps = 3;
  std::size_t better_than_greedy = 0, best_of_all = 0;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    Init init(number);
    Model model(
        {.arch = Architecture::decoder, .vocabulary = vocabulary, .d_model = 8, .heads = 2, .layers = 1, .max_len = 8},
        init);
    sharpen(model, 100 * number);
    // Every continuation of one, two and three tokens with its log-probability, each by a whole forward pass.
    using Scored = std::pair<double, std::vector<std::int32_t>>;
    std::vector<std::vector<Scored>> all{{{0, {}}}};
    for (std::size_t made = 0; made < steps; ++made) {
      std::vector<Scored> longer;
      longer.reserve(all.back().size() * vocabulary);
      for (const auto& [sum, continuation] : all.back()) {
        std::vector<std::int32_t> sequence{0, 1};
        sequence.insert(sequence.end(), continuation.begin(), continuation.end());
        const std::vector<double> p = next_log_probabilities(model, sequence, vocabulary);
        for (std::size_t v = 0; v < vocabulary; ++v) {
          longer.emplace_back(sum + p[v], continuation);
          longer.back().second.push_back(static_cast<std::int32_t>(v));
        }
      }
      all.push_back(std::move(longer));
    }
    REQUIRE(all.back().size() == 27);
    const Scored best = *std::max_element(all.back().begin(), all.back().end());
    // By definition: of the beginnings that continue a kept one, the two likeliest are kept.
    const auto kept_of = [&](std::size_t width) {
      std::vector<Scored> kept{{0, {}}};
      for (std::size_t length = 1; length <= steps; ++length) {
        std::vector<Scored> open;
        for (const Scored& one : all[length]) {
          const std::vector<std::int32_t> beginning(one.second.begin(), one.second.end() - 1);
          const bool goes_on =
              std::any_of(kept.begin(), kept.end(), [&](const Scored& k) { return k.second == beginning; });
          if (goes_on) open.push_back(one);
        }
        std::sort(open.begin(), open.end(), [](const Scored& a, const Scored& b) { return a.first > b.first; });
        open.resize(std::min(width, open.size()));
        kept = std::move(open);
      }
      return kept.front();
    };
    const Scored expected = kept_of(2);
    for (const bool cache : {true, false}) {
      const Generated found = generate(model, {{0, 1}}, {.max_new_tokens = steps, .beams = 2, .cache = cache}).front();
      CAPTURE(number, cache);
      CHECK(found.tokens == expected.second);
      CHECK(std::abs(found.log_probability - expected.first) <= 10 * kBeamTolerance);
      CHECK(found.log_probability <= best.first + 10 * kBeamTolerance);
    }
    if (expected.first > kept_of(1).first) ++better_than_greedy;
    if (expected.second == best.second) ++best_of_all;
  }
  // Otherwise the models tell neither a beam from a greedy step, nor two beams from all continuations.
  CHECK(better_than_greedy > 0);
  CHECK(best_of_all > 0);
}
