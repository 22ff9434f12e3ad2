#include "apps/training/metrics.h"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "apps/training/json_lines.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

void add_figure(Json& row, Json& nonfinite, const char* key, double value) {
  if (std::isfinite(value)) {
    row[key] = value;
    return;
  }
  row[key] = nullptr;
  nonfinite[key] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/// A figure of a row, NaN and infinity among them; nothing where the row has none.
std::optional<double> figure_in(const nlohmann::json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end()) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  const auto nonfinite = row.find("nonfinite");
  const std::string name = nonfinite == row.end() ? "" : nonfinite->value(key, "");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (name == "inf") return kInfinity;
  return name == "-inf" ? -kInfinity : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::optional<MetricsRow> row_of(const nlohmann::json& json) {
  const bool row = json.is_object() && json.contains("step") && json["step"].is_number_unsigned() &&
                   json.contains("split") && !json.contains("event");
  if (!row) return std::nullopt;
  MetricsRow read{.step = json["step"].get<std::uint64_t>(),
                  .split = json["split"] == "train" ? Split::train : Split::eval,
                  .loss = figure_in(json, "loss").value_or(std::numeric_limits<double>::quiet_NaN()),
                  .tok_acc = figure_in(json, "tok_acc"),
                  .seq_acc = figure_in(json, "seq_acc")};
  if (json.contains("lr")) {
    read.update = MetricsRow::Update{.learning_rate = figure_in(json, "lr").value_or(0),
                                     .gradient_norm = figure_in(json, "grad_norm").value_or(0),
                                     .tokens_per_second = figure_in(json, "tok_s").value_or(0)};
  }
  return read;
}

std::vector<std::pair<std::string, float>> scalars(const MetricsRow& row) {
  const std::string split = row.split == Split::train ? "/train" : "/eval";
  std::vector<std::pair<std::string, float>> all;
  const auto add = [&](std::string tag, double value) { all.emplace_back(std::move(tag), static_cast<float>(value)); };
  add("loss" + split, row.loss);
  if (row.tok_acc) add("tok_acc" + split, *row.tok_acc);
  if (row.seq_acc) add("seq_acc" + split, *row.seq_acc);
  if (row.update) {
    add("lr", row.update->learning_rate);
    add("grad_norm", row.update->gradient_norm);
    add("tok_s", row.update->tokens_per_second);
  }
  return all;
}

std::vector<MetricsRow> read_metrics(const std::filesystem::path& path) {
  std::vector<MetricsRow> rows;
  read_json_lines(path, [&rows](const nlohmann::json& json) {
    if (const std::optional<MetricsRow> row = row_of(json)) rows.push_back(*row);
  });
  return rows;
}

std::vector<MetricsRow> rewind_metrics(const std::filesystem::path& path,
                                       const std::function<bool(const MetricsRow&)>& keep) {
  std::vector<MetricsRow> rows;
  rewind_json_lines(path, [&](const nlohmann::json& json) {
    const std::optional<MetricsRow> row = row_of(json);
    if (row && !keep(*row)) return false;
    if (row) rows.push_back(*row);
    return true;
  });
  return rows;
}

Json to_json(const MetricsRow& row, double time) {
  Json json;
  Json nonfinite;
  json["step"] = row.step;
  json["time"] = time;
  json["split"] = row.split == Split::train ? "train" : "eval";
  add_figure(json, nonfinite, "loss", row.loss);
  if (row.tok_acc) add_figure(json, nonfinite, "tok_acc", *row.tok_acc);
  if (row.seq_acc) add_figure(json, nonfinite, "seq_acc", *row.seq_acc);
  if (row.update) {
    add_figure(json, nonfinite, "lr", row.update->learning_rate);
    add_figure(json, nonfinite, "grad_norm", row.update->gradient_norm);
    add_figure(json, nonfinite, "tok_s", row.update->tokens_per_second);
  }
  if (row.hidden_rows > 0) json["hidden_rows"] = row.hidden_rows;
  if (!nonfinite.empty()) json["nonfinite"] = nonfinite;
  return json;
}

MetricsLog::MetricsLog(const std::filesystem::path& path, const std::string& event, const Json& facts) : file_(path) {
  Json start{{"event", event}, {"schema", "headlight.metrics/1"}};
  start.update(facts);
  append(start);
}

void MetricsLog::append(const Json& row) {
  file_.append_line(row.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace headlight
