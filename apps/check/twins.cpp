#include "apps/check/twins.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <nlohmann/json.hpp>

#include "apps/check/layer_defaults.h"
#include "apps/check/row.h"
#include "apps/check/twin.h"
#include "core/error.h"

namespace headlight {
namespace {

/// Puts the double twin's rows in the place of the float ones of the same names.
void take_over(CheckReport& report, const std::function<CheckReport()>& in_double) {
  CheckReport twin;
  const CheckRow whole = run_check("gradients", "", [&](RowBuilder& row) {
    twin = in_double();
    row.pass("");
  });
  for (CheckRow& row : report.rows) {
    if (row.name.rfind("gradients", 0) != 0) continue;
    const auto same =
        std::find_if(twin.rows.begin(), twin.rows.end(), [&](const CheckRow& r) { return r.name == row.name; });
    if (same != twin.rows.end()) {
      row = std::move(*same);
      continue;
    }
    const CheckRow& cause = twin.rows.empty() ? whole : twin.rows.front();
    row.verdict = Verdict::failed;
    row.figure = "the double twin cannot be run: " + cause.figure;
    row.advice =
        "compile the layer in both precisions with headlight_add_layers() and link its target that ends with _f64";
  }
  report.rows.front().seconds += whole.seconds - twin.seconds();  // building and measuring the twin
}

}  // namespace

CheckReport check_registered_layer(const nlohmann::json& layer) {
  return check_registered_layer(layer, {.width = 0, .promises = default_promises(layer)});
}

CheckReport check_registered_layer(const nlohmann::json& layer, const CheckOptions& options) {
  const nlohmann::json whole = completed_layer(layer, float_twin().refusal);
  CheckOptions named = options;
  nlohmann::json keys = whole;
  keys.erase("type");
  named.name = whole.at("type").get<std::string>() + (keys.empty() ? "" : " " + keys.dump());
  CheckReport report = float_twin().layer(whole, named, false);
  take_over(report, [&] { return double_twin().layer(whole, named, true); });
  return report;
}

CheckReport check_model(const config::Config& config) {
  CheckReport report = float_twin().model(config, false);
  take_over(report, [&] { return double_twin().model(config, true); });
  return report;
}

}  // namespace headlight
