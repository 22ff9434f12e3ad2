#include "apps/headlight/inspect_json.h"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/headlight/inspect_tables.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

/// JSON has no NaN.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json place_json(const HeadPlace& place) {
  return Json{{"block", place.block}, {"layer", place.layer}, {"head", place.head}};
}

/// Rows of `width` numbers each.
template <class Number>
Json rows_json(const Number* values, std::size_t rows, std::size_t width) {
  Json json = Json::array();
  for (std::size_t row = 0; row < rows; ++row) {
    Json line = Json::array();
    for (std::size_t i = 0; i < width; ++i) line.push_back(finite(static_cast<double>(values[row * width + i])));
    json.push_back(std::move(line));
  }
  return json;
}

Json signs_json(const std::optional<EigenSigns>& signs) {
  if (!signs) return nullptr;
  return Json{{"balance", signs->balance}, {"positive_share", signs->positive_share}};
}

Json from_json_of(const std::optional<FromEarlier>& from) {
  if (!from) return nullptr;
  Json json = place_json(from->earlier);
  json["value"] = from->value;
  return json;
}

}  // namespace

Json attention_json(const AttentionLook& look, const Model& model, const Task& task) {
  Json json{{"source", Json::array()}, {"target", Json::array()}, {"maps", Json::array()}};
  for (const std::int32_t id : look.source) json["source"].push_back(task.token_text(id));
  for (const std::int32_t id : look.target) json["target"].push_back(task.target_text(id));
  for (const LayerPlace& place : layer_places(model, look.layers)) {
    const AttentionWeights& weights = look.layers[place.index];
    for (std::size_t head = 0; head < weights.heads; ++head) {
      Json map = place_json({.path = weights.path, .block = place.block, .layer = place.layer, .head = head});
      map["weights"] = rows_json(weights.row(0, head, 0), weights.queries, weights.keys);
      json["maps"].push_back(std::move(map));
    }
  }
  return json;
}

Json heads_json(const HeadStatistics& statistics, std::uint64_t step) {
  Json json = Json::array();
  std::size_t head = 0;
  for (Json& row : to_json(statistics, step)) {
    const std::string tag = tag_of(statistics, head++);
    row["tag"] = tag == "—" ? Json(nullptr) : Json(tag);
    json.push_back(std::move(row));
  }
  return json;
}

Json patching_json(const PatchedRun& run, const Task& task) {
  Json json{{"row", run.row},
            {"clean_answer", class_text(task, run.clean_answer)},
            {"corrupt_answer", class_text(task, run.corrupt_answer)},
            {"clean_difference", finite(run.clean_difference)},
            {"corrupt_difference", finite(run.corrupt_difference)},
            {"heads", Json::array()}};
  for (const PatchedLayer& layer : run.layers) {
    for (std::size_t head = 0; head < layer.heads; ++head) {
      Json one = place_json({.path = layer.path, .block = layer.block, .layer = layer.layer, .head = head});
      one["whole"] = finite(layer.whole[head]);
      one["positions"] = rows_json(layer.restored.data() + head * layer.positions, 1, layer.positions)[0];
      json["heads"].push_back(std::move(one));
    }
  }
  return json;
}

Json attribution_json(const AnswerAttribution& attribution, const Task& task) {
  Json json{{"row", attribution.row},
            {"answer", class_text(task, attribution.answer)},
            {"next", class_text(task, attribution.other)},
            {"logit", finite(attribution.logit)},
            {"lead", finite(attribution.margin)},
            {"parts", Json::array()}};
  for (const AnswerAttribution::Part& part : attribution.parts) {
    json["parts"].push_back({{"part", part.name}, {"logit", finite(part.logit)}, {"lead", finite(part.margin)}});
  }
  return json;
}

Json circuits_json(const Circuits& circuits) {
  Json json{{"heads", Json::array()}, {"notes", circuits.notes}};
  for (const HeadCircuit& head : circuits.heads) {
    Json one = place_json(head.place);
    one["copying"] = signs_json(head.copying);
    one["previous_token"] = head.previous_token ? finite(*head.previous_token) : Json(nullptr);
    one["query_composition"] = from_json_of(head.query);
    one["key_composition"] = from_json_of(head.key);
    one["value_composition"] = from_json_of(head.value);
    one["prefix_matching"] = from_json_of(head.prefix);
    json["heads"].push_back(std::move(one));
  }
  return json;
}

}  // namespace headlight
