#include "apps/training/metrics.h"

#include <cmath>

#include <nlohmann/json.hpp>

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

}  // namespace

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

MetricsLog::MetricsLog(const std::filesystem::path& path, const Json& facts) : file_(path) {
  Json start{{"event", "start"}, {"schema", "headlight.metrics/1"}};
  start.update(facts);
  append(start);
}

void MetricsLog::append(const Json& row) {
  file_.append_line(row.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace headlight
