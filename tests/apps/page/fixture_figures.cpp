#include "tests/apps/page/fixture_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "apps/page/similarity.h"

namespace headlight::testing {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// 0 before learning, 1 behind it.
double learned(double step, double last) { return 1 / (1 + std::exp(-12 * (step / last - 0.4))); }

void add_curve(ViewRun& run, const char* split, const char* name, std::size_t every, double last,
               const std::function<double(double)>& value) {
  ViewScalar scalar{.split = split, .name = name};
  for (std::size_t i = 0; i <= 250; i += every) {
    const double step = std::round(static_cast<double>(i) * last / 250);
    if (!scalar.steps.empty() && step <= scalar.steps.back()) continue;
    scalar.steps.push_back(step);
    scalar.values.push_back(i == 60 && std::string(name) == "loss" ? std::numeric_limits<double>::quiet_NaN()
                                                                   : value(step));
  }
  run.scalars.push_back(std::move(scalar));
}

void add_curves(ViewRun& run, double last) {
  const auto loss = [last](double step) { return 2.3 * (1 - learned(step, last)) + 0.02; };
  const auto accuracy = [last](double step) { return 0.1 + 0.9 * learned(step, last); };
  add_curve(run, "train", "loss", 1, last, loss);
  add_curve(run, "train", "tok_acc", 1, last, accuracy);
  add_curve(run, "train", "lr", 1, last, [last](double step) { return 1e-3 * std::min(1.0, 10 * step / last); });
  add_curve(run, "train", "grad_norm", 1, last, [loss](double step) { return 0.8 * loss(step) + 0.1; });
  add_curve(run, "eval", "loss", 10, last, [loss](double step) { return 1.05 * loss(step); });
  add_curve(run, "eval", "tok_acc", 10, last, accuracy);
  add_curve(run, "eval", "seq_acc", 10, last, [last](double step) { return std::pow(learned(step, last), 4); });
}

void add_predictions(ViewRun& run, double last) {
  constexpr std::size_t kTop = 5;
  const bool encoder = run.probes.front().tgt_in.empty();
  ViewPredictions predictions{.rows = encoder ? "src" : "tgt_in", .top = kTop};
  for (const ViewProbe& probe : run.probes) {
    ViewPredictions::Probe made;
    for (const std::uint64_t step : run.steps) {
      const double sure = 0.1 + 0.88 * learned(static_cast<double>(step), last);
      for (std::size_t row = 0; row < probe.tgt_out.size(); ++row) {
        const bool wrong = sure < 0.3 + 0.04 * static_cast<double>(row);
        for (std::size_t i = 0; i < kTop; ++i) {
          made.ids.push_back(
              static_cast<std::int32_t>((static_cast<std::size_t>(probe.tgt_out[row]) + i + (wrong ? 1 : 0)) % 13));
          const double rest = (1 - sure) * 0.25 / std::pow(2.0, static_cast<double>(i));
          made.prob.push_back(static_cast<float>(i == 0 ? sure : rest));
        }
        made.target_prob.push_back(static_cast<float>(wrong ? 0.02 : sure));
      }
    }
    predictions.probes.push_back(std::move(made));
  }
  run.predictions = std::move(predictions);
}

void add_statistics(ViewRun& run, double last) {
  ViewHeadStats stats{.evaluated = "256 held-out sequences"};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (i % 2 == 1 || i + 1 == run.steps.size()) stats.steps.push_back(run.steps[i]);
  }
  const std::vector<std::string> roles = {"role.previous",  "role.self",        "role.first",      "role.duplicate",
                                          "role.induction", "role.next_symbol", "pattern.antidiag"};
  for (const std::string& role : roles) {
    for (const char* figure : {"score", "n", "chance"}) stats.columns.push_back(role + "." + figure);
  }
  for (const char* column : {"entropy.bits", "entropy.share", "entropy.n", "confidence.mean", "confidence.n"}) {
    stats.columns.emplace_back(column);
  }
  for (int offset = -16; offset <= 16; ++offset) stats.columns.push_back(fmt::format("offset.{}", offset));
  for (const char* mode : {"mean", "zero"}) {
    for (const char* figure : {"loss", "tok_acc", "seq_acc"}) {
      stats.columns.push_back(fmt::format("ablation.{}.{}", mode, figure));
      stats.columns.push_back(fmt::format("ablation.{}.{}.se", mode, figure));
    }
    stats.columns.push_back(fmt::format("ablation.{}.n", mode));
  }
  for (std::size_t b = 0; b < run.blocks.size(); ++b) {
    for (std::size_t layer = 0; layer < run.blocks[b].layers(); ++layer) {
      for (std::size_t head = 0; head < run.blocks[b].heads; ++head) {
        stats.heads.push_back({.block = b, .layer = layer, .head = head});
      }
    }
  }
  const auto add = [&stats](double value) { stats.values.push_back(static_cast<float>(value)); };
  for (const std::uint64_t step : stats.steps) {
    const double done = learned(static_cast<double>(step), last);
    for (const ViewHead& place : stats.heads) {
      const bool cross = run.blocks[place.block].kind == "dec.cross";
      const bool reads = cross && place.layer == 1 && place.head % 2 == 0;
      const std::size_t favourite = reads ? 6 : std::vector<std::size_t>{1, 0, 2, 4}[(place.head + place.layer) % 4];
      for (std::size_t r = 0; r < roles.size(); ++r) {
        const bool fits = (r >= 5) == cross;
        add(fits ? (r == favourite ? 0.1 + 0.85 * done : 0.1) : kNone);
        add(fits ? 2048 : 0);
        add(fits ? 0.11 : kNone);
      }
      for (const double value : {3 - 2.6 * done, 1 - 0.85 * done, 2048.0, 0.15 + 0.8 * done, 2304.0}) add(value);
      for (int offset = -16; offset <= 16; ++offset) {
        const double distance = offset + static_cast<double>(place.head);
        add(0.8 * std::exp(-distance * distance * (0.1 + done)));
      }
      for (const double strength : {1.0, 1.6}) {
        const double effect = done * strength * (reads ? 1.4 : 0.05 * static_cast<double>(place.head + 1));
        for (const double value : {effect, 0.02 + 0.02 * effect, -0.3 * effect, 0.01, -0.5 * effect, 0.02, 16.0}) {
          add(value);
        }
      }
    }
  }
  stats.similarity = similarity_of(run, stats);
  run.head_stats = std::move(stats);
}

}  // namespace

void add_figures(ViewRun& run, std::size_t seed) {
  const double last = std::max(1.0, static_cast<double>(run.steps.back()));
  add_curves(run, last);
  add_predictions(run, last);
  add_statistics(run, last);
  const std::string rate = fmt::format("{}", 1e-3 + 1e-4 * static_cast<double>(seed));
  run.config = fmt::format(R"({{"task": {{"type": "reverse", "symbols": 10, "length": 12}}, )"
                           R"("model": {{"arch": "encoder-decoder", "d_model": 64, "layers": 2, "heads": 4}}, )"
                           R"("optimizer": {{"type": "adamw", "lr": {}}}, "trainer": {{"steps": {}, "seed": {}}}}})",
                           rate, last, seed);
  run.overrides = {fmt::format("trainer.seed={}", seed)};
  run.changed = {{.key = "trainer.seed", .value = std::to_string(seed), .fallback = "42"},
                 {.key = "optimizer.lr", .value = rate, .fallback = "0.0003"}};
  run.env = {{"version", "\"0.1.0\""},       {"compiler", "\"g++ 12.2.0\""}, {"threads", "2"},
             {"seed", std::to_string(seed)}, {"wall_seconds", "73.4"},       {"parameters", "124416"}};
}

}  // namespace headlight::testing
