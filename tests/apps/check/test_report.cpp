// The table and the JSON of a report that is made up.
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/check/report.h"
#include "apps/check/row.h"
#include "core/error.h"

using namespace headlight;

namespace {

CheckReport sample() {
  return {.subject = "dense {\"in\":8}",
          .facts = {"input (B, T, 8)"},
          .rows = {{.name = "shapes", .tested = "several B and T", .figure = "(B, T, 8)", .seconds = 0.25},
                   {.name = "leak: causal",
                    .tested = "what outputs read",
                    .verdict = Verdict::failed,
                    .figure = "the future is read: output 0 reads input 1 of a sequence whose length is seven",
                    .advice = "look at the mask",
                    .seconds = 1},
                   {.name = "batch",
                    .tested = "what members read",
                    .verdict = Verdict::not_applicable,
                    .figure = "there is one"}}};
}

}  // namespace

TEST_CASE("a wide table has a column for what was tested, and the advice below what failed") {
  CHECK(to_string(sample(), {.width = 100}) ==
        "dense {\"in\":8}\n"
        "  * input (B, T, 8)\n"
        "\n"
        "check         result  what was tested    what came out\n"
        "shapes        ok      several B and T    (B, T, 8)\n"
        "leak: causal  FAILED  what outputs read  the future is read: output 0 reads input 1 of a sequence\n"
        "                                         whose length is seven\n"
        "                                         -> look at the mask\n"
        "batch         -       what members read  there is one\n"
        "\n"
        "3 checks: 1 passed, 1 failed, 1 does not apply; 1.2 s\n");
}

TEST_CASE("in a narrow terminal no line is wider than it") {
  std::istringstream lines(to_string(sample(), {.width = 60}));
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 60);
  CHECK_THAT(to_string(sample(), {.width = 60}), Catch::Contains("shapes        ok      several B and T: (B, T, 8)\n"));
}

TEST_CASE("colour is sent only where it is asked for") {
  CHECK(to_string(sample()).find('\x1b') == std::string::npos);
  CHECK(to_string(sample(), {.color = ColorMode::kPalette}).find("\x1b[") != std::string::npos);
}

TEST_CASE("a report passes when no row failed") {
  CheckReport report = sample();
  CHECK_FALSE(report.passed());
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"leak: causal"});
  CHECK(report.seconds() == 1.25);
  report.rows[1].verdict = Verdict::passed;
  CHECK(report.passed());
  CHECK(report.row("batch").figure == "there is one");
  CHECK_THROWS_AS(report.row("nothing"), ConfigError);
}

TEST_CASE("the JSON of a report") {
  const auto json = to_json(sample());
  CHECK(json["passed"] == false);
  CHECK(json["rows"][0]["result"] == "passed");
  CHECK(json["rows"][1] == nlohmann::ordered_json{{"name", "leak: causal"},
                                                  {"tested", "what outputs read"},
                                                  {"result", "failed"},
                                                  {"figure", sample().rows[1].figure},
                                                  {"advice", "look at the mask"},
                                                  {"seconds", 1.0}});
  CHECK(json["rows"][2]["result"] == "not applicable");
}

TEST_CASE("what a check throws is its figure") {
  const CheckRow row = run_check("shapes", "sizes", [](RowBuilder&) { raise<ShapeError>("dense", "too wide"); });
  CHECK(row.verdict == Verdict::failed);
  CHECK(row.figure == "an exception: dense: too wide");
  CHECK_FALSE(row.advice.empty());
}
