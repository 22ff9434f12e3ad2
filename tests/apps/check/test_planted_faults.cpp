// Each planted fault fails the rows that it must fail and no other; the same layer without it passes them all.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "apps/check/check.h"
#include "tests/apps/check/planted.h"

using namespace headlight;
using namespace headlight::check_test;

namespace {

CheckReport report_on(Fault fault) {
  return check_layer([fault](Init& init) { return make_planted(fault, init); }, planted_options(fault));
}

bool is_of_gradients(const std::string& row) { return row.rfind("gradients", 0) == 0; }

/// The rows that must fail in this precision: float does not check gradients.
std::vector<std::string> expected_rows(const PlantedFault& planted) {
  std::vector<std::string> rows = planted.rows;
  if (sizeof(Real) == 4) std::erase_if(rows, is_of_gradients);
  return rows;
}

}  // namespace

TEST_CASE("the layer without a fault passes every check that applies") {
  const CheckReport report = report_on(Fault::none);
  INFO(to_string(report));
  CHECK(report.passed());
  CHECK(report.rows.size() == 24);
  // With two exceptions all rows apply, so that no fault below passes by being left out.
  std::vector<std::string> left_out = {"leak: memory"};
  if (sizeof(Real) == 4) left_out = {"gradients: inputs", "gradients: parameters", "leak: memory"};
  CHECK(report.rows_with(Verdict::not_applicable) == left_out);
  // 3 members of 7 queries: all of 49 keys, 28 causal pairs, and 2 keys each but for the first query.
  CHECK(report.row("leak: no mask").figure == "147 of 147 allowed pairs, no other");
  CHECK(report.row("leak: causal").figure == "84 of 84 allowed pairs, no other");
  CHECK(report.row("leak: window").figure == "39 of 39 allowed pairs, no other");
  for (const CheckRow& row : report.rows) {
    INFO(row.name);
    CHECK_FALSE(row.tested.empty());
    CHECK_FALSE(row.figure.empty());
    CHECK(row.advice.empty());
  }
}

TEST_CASE("each planted fault fails the rows that name it, and no other") {
  CHECK(planted_faults().size() >= 15);
  for (const PlantedFault& planted : planted_faults()) {
    const CheckReport report = report_on(planted.fault);
    INFO(planted.name << "\n" << to_string(report));
    const std::vector<std::string> expected = expected_rows(planted);
    const std::vector<std::string> failed = report.rows_with(Verdict::failed);
    if (planted.others_too) {
      for (const std::string& row : expected) CHECK(std::count(failed.begin(), failed.end(), row) == 1);
    } else {
      CHECK(failed == expected);
    }
    if (sizeof(Real) == 4 && is_of_gradients(planted.row)) continue;
    CHECK_THAT(report.row(planted.row).figure, Catch::Contains(planted.figure));
    CHECK_THAT(report.row(planted.row).advice, Catch::Contains(planted.advice));
  }
}

TEST_CASE("every row is failed by some planted fault") {
  std::set<std::string> failed;
  for (const PlantedFault& planted : planted_faults()) failed.insert(planted.rows.begin(), planted.rows.end());
  for (const CheckRow& row : report_on(Fault::none).rows) {
    INFO(row.name);
    // Nothing can leak without a mask unless a layer is declared to be causal: see test_promises.cpp.
    CHECK(failed.count(row.name) == (row.name == "leak: no mask" ? 0 : 1));
  }
}
