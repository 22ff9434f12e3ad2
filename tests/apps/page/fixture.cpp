#include "tests/apps/page/fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "apps/page/snapshot.h"
#include "core/error.h"
#include "tests/apps/page/fixture_figures.h"

namespace headlight::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::uint32_t u32(std::size_t value) { return static_cast<std::uint32_t>(value); }

/// Words of the fixtures: marks and letters.
std::vector<std::string> letters() {
  std::vector<std::string> words = {"<pad>", "<s>", "</s>"};
  for (char letter = 'a'; letter <= 'j'; ++letter) words.emplace_back(1, letter);
  return words;
}

/// 0, then log-spaced up to `last`.
std::vector<std::uint64_t> snapshot_steps(std::size_t count, double last) {
  std::set<std::uint64_t> steps = {0};
  for (std::size_t i = 1; i < count; ++i) {
    steps.insert(static_cast<std::uint64_t>(
        std::round(std::pow(last, static_cast<double>(i) / static_cast<double>(count - 1)))));
  }
  for (std::uint64_t fill = 2; steps.size() < count; ++fill) steps.insert(fill);
  return {steps.begin(), steps.end()};
}

/// Which key a head learns to read; -1: none.
using Goal = std::function<std::ptrdiff_t(std::size_t layer, std::size_t head, std::size_t query, std::size_t keys)>;

/// Different heads learn different things: the position itself, the one before, the first, or nothing.
std::ptrdiff_t role_goal(std::size_t layer, std::size_t head, std::size_t query) {
  const auto position = static_cast<std::ptrdiff_t>(query);
  return std::vector<std::ptrdiff_t>{position, position - 1, 0, -1}[(head + layer) % 4];
}

/// Softmax of scores that grow sharper as training goes on, over the keys that the block sees.
struct Learning {
  std::size_t snapshots = 1;
  Goal goal{};
  std::vector<std::size_t> keys{};  ///< of each probe
  bool causal = false;
  std::size_t window = 0;

  double score(const WeightPlace& at, std::size_t key) const {
    const double time = snapshots > 1 ? static_cast<double>(at.snapshot) / static_cast<double>(snapshots - 1) : 1.0;
    const double start = 0.25 + 0.45 * noise({u32(at.layer), u32(at.head), 7});
    const double sharp = 9 / (1 + std::exp(-14 * (time - start)));
    const bool right = goal(at.layer, at.head, at.query, keys[at.probe]) == static_cast<std::ptrdiff_t>(key);
    return (right ? sharp : 0) +
           1.6 * (noise({u32(at.layer), u32(at.head), u32(at.query), u32(key), u32(at.probe)}) - 0.5) *
               (1 - 0.6 * time);
  }
  bool sees(std::size_t query, std::size_t key) const {
    return (!causal || key <= query) && (window == 0 || key + window > query);
  }
  float operator()(const WeightPlace& at) const {
    if (!sees(at.query, at.key)) return 0;
    // Rows are asked for from left to right, so the total of the last one is kept.
    const std::array<std::size_t, 5> row = {at.probe, at.snapshot, at.layer, at.head, at.query};
    if (kept_total == 0 || row != kept_row) {
      kept_row = row;
      kept_total = 0;
      for (std::size_t key = 0; key < keys[at.probe]; ++key) {
        if (sees(at.query, key)) kept_total += std::exp(score(at, key));
      }
    }
    return static_cast<float>(std::exp(score(at, at.key)) / kept_total);
  }

  mutable std::array<std::size_t, 5> kept_row{};
  mutable double kept_total = 0;
};

ViewRun empty_run(const std::string& id, const std::string& name) {
  ViewRun run;
  run.id = id;
  run.name = name;
  run.words.vocab = letters();
  return run;
}

/// A model that learns to reverse: source letters, decoder input shifted right.
ViewRun reverse_run(const std::string& id, std::size_t seed, std::size_t probes = 4, std::size_t snapshots = 32) {
  ViewRun run = empty_run(id, fmt::format("reverse-seed{}", seed));
  std::vector<std::size_t> source;
  std::vector<std::size_t> target;
  for (std::size_t p = 0; p < probes; ++p) {
    source.push_back(8 + 3 * p % 5);
    target.push_back(source[p] + 1);
    ViewProbe probe{.label = fmt::format("held-out {}", p)};
    for (std::size_t i = 0; i < source[p]; ++i) {
      probe.src.push_back(3 + static_cast<std::int32_t>(10 * noise({u32(p), u32(i), 3})));
    }
    probe.tgt_in = {1};
    probe.tgt_in.insert(probe.tgt_in.end(), probe.src.rbegin(), probe.src.rend());
    probe.tgt_out.assign(probe.src.rbegin(), probe.src.rend());
    probe.tgt_out.push_back(2);
    run.probes.push_back(probe);
  }
  const Goal shifted = [seed](std::size_t layer, std::size_t head, std::size_t query, std::size_t) {
    return role_goal(layer + seed, head, query);
  };
  const Goal anti = [](std::size_t layer, std::size_t head, std::size_t query, std::size_t keys) {
    if (layer != 1 || head % 2 != 0) return role_goal(layer, head, query);
    return static_cast<std::ptrdiff_t>(keys) - 1 - static_cast<std::ptrdiff_t>(query);
  };
  std::vector<LayerPlan> layers;
  for (const auto& [kind, causal] : {std::pair{"enc.self", false}, {"dec.self", true}, {"dec.cross", false}}) {
    const bool cross = kind == std::string("dec.cross");
    const Learning learning{.snapshots = snapshots,
                            .goal = cross ? anti : shifted,
                            .keys = causal ? target : source,
                            .causal = causal};
    for (std::size_t layer = 0; layer < 2; ++layer) {
      layers.push_back({.kind = kind, .heads = 4, .causal = causal, .weight = learning});
    }
  }
  add_attention(run, layers, snapshot_steps(snapshots, 5000));
  add_figures(run, seed);
  return run;
}

struct DecoderPlan {
  std::size_t layers = 1;
  std::size_t heads = 1;
  std::vector<std::size_t> lengths{};
  std::size_t snapshots = 1;
  std::size_t window = 0;
  bool padding = false;
  bool broken = false;  ///< single cells, a row, and the last snapshot are no numbers
};

/// A decoder with a window, padding, probes of different lengths, and many heads.
ViewRun decoder_run(const std::string& id, const DecoderPlan& plan) {
  ViewRun run = empty_run(id, fmt::format("decoder-{}x{}", plan.layers, plan.heads));
  for (std::size_t p = 0; p < plan.lengths.size(); ++p) {
    const std::size_t length = plan.lengths[p];
    ViewProbe probe{.label = fmt::format("random {}", p)};
    for (std::size_t i = 0; i <= length; ++i) {
      const auto id_at = 3 + static_cast<std::int32_t>(10 * noise({u32(p), u32(i % ((length + 1) / 2)), 5}));
      if (i < length) probe.tgt_in.push_back(id_at);
      if (i > 0) probe.tgt_out.push_back(id_at);
    }
    run.probes.push_back(probe);
  }
  const Goal half = [](std::size_t layer, std::size_t head, std::size_t query, std::size_t keys) {
    if (layer == 0 || head % 3 != 0) return role_goal(layer, head, query);
    return std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(query) -
                                           static_cast<std::ptrdiff_t>((keys + 1) / 2) + 1);
  };
  const Learning learning{
      .snapshots = plan.snapshots, .goal = half, .keys = plan.lengths, .causal = true, .window = plan.window};
  const WeightRule weight = [learning, plan](const WeightPlace& at) {
    if (plan.padding && std::max(at.query, at.key) + at.probe >= plan.lengths[at.probe]) return 0.0F;
    if (plan.broken && at.snapshot == 3) return kNan;
    if (plan.broken && at.snapshot == 2 && at.head == 0) {
      if (at.query == 3 && at.key == 1) return kNan;
      if (at.query == 4 && at.key == 2) return kInfinity;
      if (at.query == 5) return -kInfinity;
    }
    return learning(at);
  };
  const std::vector<LayerPlan> layers(
      plan.layers, {.kind = "dec.self", .heads = plan.heads, .causal = true, .window = plan.window, .weight = weight});
  add_attention(run, layers, snapshot_steps(plan.snapshots, 4000));
  if (plan.padding) {
    for (std::size_t p = 0; p < plan.lengths.size(); ++p) run.blocks[0].padding.push_back({p, p});
  }
  add_figures(run, 5);
  return run;
}

ViewRun odd_run() {
  ViewRun run = empty_run("odd", "odd tokens </script>");
  run.words.vocab = odd_tokens();
  const std::size_t count = odd_tokens().size();
  ViewProbe probe{.label = "odd <b>"};
  for (std::size_t id = 0; id < count; ++id) probe.src.push_back(static_cast<std::int32_t>(id));
  probe.tgt_out = probe.src;
  run.probes = {probe};
  const Goal goal = [](std::size_t, std::size_t head, std::size_t query, std::size_t keys) {
    return static_cast<std::ptrdiff_t>(head == 0 ? query : keys - 1 - query);
  };
  const Learning learning{.snapshots = 2, .goal = goal, .keys = {count}};
  add_attention(run, {{.kind = "enc.self", .heads = 2, .weight = learning}}, {0, 10});
  add_figures(run, 2);
  return run;
}

}  // namespace

void add_attention(ViewRun& run, const std::vector<LayerPlan>& layers, const std::vector<std::uint64_t>& steps,
                   const std::vector<std::uint64_t>& exact) {
  std::vector<SnapshotLayer> known;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    known.push_back({.kind = layers[i].kind,
                     .path = fmt::format("layers.{}.attention", i),
                     .heads = layers[i].heads,
                     .causal = layers[i].causal,
                     .window = layers[i].window});
  }
  const std::vector<BlockPlace> places = add_blocks(run, known);
  for (std::size_t snapshot = 0; snapshot < steps.size(); ++snapshot) {
    SnapshotWriter writer(run, steps[snapshot], places);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const ViewBlock& block = run.blocks[places[i].block];
      // As long as the longest probe, and a cell more: what lies behind a probe must not get into the page.
      std::size_t queries = 1;
      std::size_t keys = 1;
      for (const ViewShape& shape : block.shapes) {
        queries = std::max(queries, shape.queries + 1);
        keys = std::max(keys, shape.keys + 1);
      }
      std::vector<float> weights(run.probes.size() * block.heads * queries * keys, 0.5F);
      std::vector<float> scores(layers[i].score ? weights.size() : 0);
      for (std::size_t probe = 0; probe < run.probes.size(); ++probe) {
        const ViewShape& shape = block.shapes[probe];
        for (std::size_t head = 0; head < block.heads; ++head) {
          for (std::size_t q = 0; q < shape.queries; ++q) {
            for (std::size_t k = 0; k < shape.keys; ++k) {
              const WeightPlace at{probe, snapshot, places[i].layer, head, q, k};
              const std::size_t cell = ((probe * block.heads + head) * queries + q) * keys + k;
              if (!layers[i].causal || k <= q) weights[cell] = layers[i].weight(at);
              if (layers[i].score) scores[cell] = layers[i].score(at);
            }
          }
        }
      }
      writer.add(i, {.queries = queries, .keys = keys, .weights = weights, .scores = scores});
    }
    writer.finish(exact);
  }
}

std::vector<ViewRun> fixture_runs(const std::string& name, std::vector<std::string>& notes) {
  if (name == "reverse") return {reverse_run("a", 0), reverse_run("b", 1)};
  if (name == "decoder") {
    return {
        decoder_run("w", {.layers = 2, .heads = 3, .lengths = {12, 9}, .snapshots = 8, .window = 5, .padding = true})};
  }
  if (name == "odd") return {odd_run()};
  if (name == "nan") {
    ViewRun run = decoder_run("nan", {.heads = 2, .lengths = {6}, .snapshots = 4, .broken = true});
    run.name = "nan";
    return {run};
  }
  if (name == "tiny") return {decoder_run("t", {.lengths = {1}, .snapshots = 1})};
  if (name == "empty") {
    notes.emplace_back("Probes were left out for the size budget.");
    return {empty_run("e", "no probes")};
  }
  if (name == "mismatch") return {reverse_run("a", 0, 2, 4), odd_run()};
  if (name == "many") return {decoder_run("m", {.layers = 8, .heads = 12, .lengths = {64}, .snapshots = 24})};
  if (name == "huge") return {decoder_run("h", {.heads = 2, .lengths = {600}, .snapshots = 2})};
  throw ConfigError("no such fixture: " + name);
}

}  // namespace headlight::testing
