#include "apps/check/report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headlight {
namespace {

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::not_applicable:
      break;
  }
  return "not applicable";
}

}  // namespace

bool CheckReport::passed() const {
  return std::none_of(rows.begin(), rows.end(), [](const CheckRow& row) { return row.verdict == Verdict::failed; });
}

double CheckReport::seconds() const {
  double sum = 0;
  for (const CheckRow& row : rows) sum += row.seconds;
  return sum;
}

std::vector<std::string> CheckReport::rows_with(Verdict verdict) const {
  std::vector<std::string> names;
  for (const CheckRow& row : rows) {
    if (row.verdict == verdict) names.push_back(row.name);
  }
  return names;
}

const CheckRow& CheckReport::row(std::string_view name) const {
  for (const CheckRow& row : rows) {
    if (row.name == name) return row;
  }
  raise<ConfigError>("check report", "there is no check `" + std::string(name) + "`");
}

nlohmann::ordered_json to_json(const CheckReport& report) {
  nlohmann::ordered_json json{{"subject", report.subject},
                              {"passed", report.passed()},
                              {"seconds", report.seconds()},
                              {"facts", report.facts},
                              {"rows", nlohmann::ordered_json::array()}};
  for (const CheckRow& row : report.rows) {
    json["rows"].push_back({{"name", row.name},
                            {"tested", row.tested},
                            {"result", name_of(row.verdict)},
                            {"figure", row.figure},
                            {"advice", row.advice},
                            {"seconds", row.seconds}});
  }
  return json;
}

}  // namespace headlight
