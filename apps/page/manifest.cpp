#include "apps/page/manifest.h"

#include <fmt/format.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "apps/page/packing.h"
#include "core/error.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

void require(bool fits, const ViewRun& run, const std::string& what, std::size_t found, std::size_t wanted) {
  if (fits) return;
  raise<ShapeError>("page, run " + run.name, what + " have another size than their shapes",
                    fmt::format("{}, not {}", found, wanted));
}

Json shapes_json(const std::vector<ViewShape>& shapes) {
  Json list = Json::array();
  for (const ViewShape& shape : shapes) list.push_back(Json::array({shape.queries, shape.keys}));
  return list;
}

/// Whether the layers of a block are the first ones of their kind, so that their places say their numbers.
bool counts_from_0(const std::vector<std::size_t>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != i) return false;
  }
  return true;
}

Json block_json(const ViewRun& run, const ViewBlock& block, const std::string& place, SectionSink& sink) {
  Json json{{"name", block.name},
            {"kind", block.kind},
            {"layers", block.layers()},
            {"heads", block.heads},
            {"layer_names", block.layer_names},
            {"mask", block.causal ? "causal" : "full"}};
  require(block.layer_numbers.size() == block.layers(), run, block.name + ": layer numbers", block.layer_numbers.size(),
          block.layers());
  if (!counts_from_0(block.layer_numbers)) json["layer_numbers"] = block.layer_numbers;
  if (block.is_windowed()) {
    const HiddenCells hidden = hidden_cells(block);
    Json order = Json::array({"probe", "q", "k"});
    if (hidden.by_layer) order = Json::array({"probe", "layer", "q", "k"});
    json["hidden"] = {{"section", sink.add(place + "/hidden", bytes_of(hidden.bytes))}, {"order", order}};
  }
  json["shapes"] = shapes_json(block.shapes);
  if (!block.padding.empty()) json["padding"] = shapes_json(block.padding);
  Json sections = Json::array();
  require(block.shapes.size() == run.probes.size(), run, block.name + ": shapes", block.shapes.size(),
          run.probes.size());
  for (std::size_t probe = 0; probe < run.probes.size(); ++probe) {
    const std::size_t size = snapshot_bytes(block, probe);
    const std::vector<std::uint8_t>& codes = block.codes.at(probe);
    require(codes.size() == run.steps.size() * size, run, block.name + ": codes", codes.size(),
            run.steps.size() * size);
    sections.push_back(sink.add(fmt::format("{}/{}", place, probe), bytes_of(delta_of(codes, size))));
  }
  json["sections"] = sections;
  json.update({{"dtype", "u8"}, {"pack", block.causal ? "tril" : "full"}});
  json["order"] = Json::array({"step", "layer", "head", "q", "k"});
  json["delta"] = true;
  return json;
}

Json exact_json(const ViewRun& run, const std::vector<ViewExact>& all, bool packed, const std::string& place,
                SectionSink& sink) {
  Json list = Json::array();
  for (const ViewExact& one : all) {
    const ViewBlock& block = run.blocks.at(one.block);
    const ViewShape& shape = block.shapes.at(one.probe);
    const std::size_t cells = packed ? packed_cells(block, shape) : shape.queries * shape.keys;
    const std::size_t wanted = block.layers() * block.heads * cells;
    require(one.values.size() == wanted, run, block.name + ": exact values", one.values.size(), wanted);
    const std::string name = fmt::format("{}/{}/{}/{}", place, block.name, one.probe, one.step);
    list.push_back({{"block", one.block},
                    {"probe", one.probe},
                    {"step", one.step},
                    {"dtype", "f32"},
                    {"section", sink.add(name, bytes_of(one.values))}});
  }
  return list;
}

Json predictions_json(const ViewPredictions& predictions, const std::string& place, SectionSink& sink) {
  Json json{{"rows", predictions.rows}, {"top", predictions.top}};
  if (predictions.positions) json["symbols"] = "positions";
  json["probes"] = Json::array();
  for (std::size_t i = 0; i < predictions.probes.size(); ++i) {
    const ViewPredictions::Probe& probe = predictions.probes[i];
    const std::string name = fmt::format("{}/predictions/{}", place, i);
    json["probes"].push_back({{"ids", sink.add(name + "/ids", bytes_of(probe.ids))},
                              {"prob", sink.add(name + "/prob", bytes_of(probe.prob))},
                              {"target_prob", sink.add(name + "/target", bytes_of(probe.target_prob))}});
  }
  return json;
}

Json stats_json(const ViewRun& run, const ViewHeadStats& stats, const std::string& place, SectionSink& sink) {
  const std::size_t wanted = stats.steps.size() * stats.heads.size() * stats.columns.size();
  require(stats.values.size() == wanted, run, "head statistics", stats.values.size(), wanted);
  Json heads = Json::array();
  for (const ViewHead& head : stats.heads) heads.push_back(Json::array({head.block, head.layer, head.head}));
  Json json{{"steps", stats.steps},
            {"heads", heads},
            {"columns", stats.columns},
            {"section", sink.add(place + "/heads", bytes_of(stats.values))},
            {"thresholds", {{"score", 0.4}, {"lift", 3}, {"uniform", 0.9}}},
            {"evaluated", stats.evaluated}};
  if (stats.similarity) {
    json["similarity"] = {{"steps", stats.similarity->steps},
                          {"section", sink.add(place + "/similarity", bytes_of(stats.similarity->values))}};
  }
  return json;
}

Json scalar_json(const ViewScalar& scalar, const std::string& place, SectionSink& sink) {
  std::vector<double> both = scalar.steps;
  both.insert(both.end(), scalar.values.begin(), scalar.values.end());
  return {{"split", scalar.split},
          {"name", scalar.name},
          {"n", scalar.steps.size()},
          {"section", sink.add(fmt::format("{}/{}/{}", place, scalar.split, scalar.name), bytes_of(both))}};
}

Json invalid_json(const ViewInvalid& entry) {
  const auto index = [](const std::optional<std::size_t>& value) { return value ? Json(*value) : Json(); };
  return {{"block", entry.block},        {"probe", index(entry.probe)}, {"step", entry.step},
          {"layer", index(entry.layer)}, {"head", index(entry.head)},   {"q", index(entry.query)},
          {"k", index(entry.key)},       {"value", entry.value}};
}

Json config_json(const ViewRun& run) {
  Json changed = Json::array();
  for (const ViewChange& change : run.changed) {
    changed.push_back(
        {{"key", change.key}, {"value", Json::parse(change.value)}, {"default", Json::parse(change.fallback)}});
  }
  return {{"resolved", Json::parse(run.config)}, {"overrides", run.overrides}, {"changed", changed}};
}

Json run_json(const ViewRun& run, const std::string& id, const std::vector<std::string>& vocab, SectionSink& sink) {
  Json json{{"id", id}, {"name", run.name}};
  if (run.words.vocab != vocab) json["vocab"] = run.words.vocab;
  if (run.words.target_vocab) json["target_vocab"] = *run.words.target_vocab;
  json["config"] = config_json(run);
  json["env"] = Json::object();
  for (const auto& [name, value] : run.env) json["env"][name] = Json::parse(value);
  json["steps"] = run.steps;
  json["probes"] = Json::array();
  for (const ViewProbe& probe : run.probes) {
    Json one{{"label", probe.label}, {"src", probe.src}, {"tgt_in", probe.tgt_in}, {"tgt_out", probe.tgt_out}};
    if (!probe.src_text.empty()) one["src_text"] = probe.src_text;
    json["probes"].push_back(one);
  }
  // In the order of sections: a browser finds what it shows first early.
  json["blocks"] = Json::array();
  for (const ViewBlock& block : run.blocks) {
    json["blocks"].push_back(block_json(run, block, id + "/" + block.name, sink));
  }
  if (run.predictions) json["preds"] = predictions_json(*run.predictions, id, sink);
  json["scalars"] = Json::array();
  for (const ViewScalar& scalar : run.scalars) json["scalars"].push_back(scalar_json(scalar, id + "/curve", sink));
  if (run.head_stats) json["head_stats"] = stats_json(run, *run.head_stats, id, sink);
  json["exact"] = exact_json(run, run.exact, true, id + "/exact", sink);
  if (!run.scores.empty()) json["scores"] = exact_json(run, run.scores, false, id + "/scores", sink);
  json["invalid"] = Json::array();
  for (const ViewInvalid& entry : run.invalid) json["invalid"].push_back(invalid_json(entry));
  json["notes"] = run.notes;
  return json;
}

}  // namespace

Json make_manifest(std::span<const ViewRun> runs, const ManifestFacts& facts, SectionSink& sink) {
  if (runs.empty()) raise<ConfigError>("page", "there is no run to show");
  Json json{{"format", "headlight.view/1"},
            {"generator", facts.generator},
            {"created", facts.created},
            {"vocab", runs[0].words.vocab}};
  json["runs"] = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::string id = runs[i].id;
    if (id.empty()) id = i < 26 ? std::string(1, static_cast<char>('a' + i)) : fmt::format("r{}", i);
    json["runs"].push_back(run_json(runs[i], id, runs[0].words.vocab, sink));
  }
  json["notes"] = facts.notes;
  return json;
}

std::string manifest_text(const Json& manifest) {
  const std::string json = manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace headlight
