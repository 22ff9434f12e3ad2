// The plan of published results: what it must hold, when a figure passes, and the page that comes of it.
#include <limits>

#include <catch2/catch.hpp>

#include "apps/reproduce/plan.h"
#include "apps/reproduce/table.h"
#include "core/error.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::reproduce;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;

namespace {

constexpr const char* kCheck = R"json({"what": "accuracy", "measure": "final(tok_acc)", "at_least": 0.9})json";

std::vector<Entry> plan_of(const std::string& text) {
  const TemporaryDirectory directory;
  spill(directory / "plan.json", text);
  return read_plan(directory / "plan.json");
}

std::string entry_with(const std::string& checks, const std::string& more = "") {
  return R"json([{"name": "a", "config": "configs/a.json", "seeds": [1, 2], "source": "a paper", "checks": [)json" +
         checks + "]" + more + "}]";
}

}  // namespace

TEST_CASE("a plan is read with its comments, and configs lie beside it") {
  const std::vector<Entry> plan =
      plan_of("// a comment\n" + entry_with(kCheck, R"json(, "overrides": ["steps=3"])json"));
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].config.filename() == "a.json");
  CHECK(plan[0].config.is_absolute());
  CHECK(plan[0].overrides == std::vector<std::string>{"steps=3"});
  CHECK(plan[0].seeds == std::vector<std::uint64_t>{1, 2});
  CHECK(plan[0].checks[0].at_least == 0.9);
  CHECK_FALSE(plan[0].checks[0].at_most.has_value());
}

TEST_CASE("a plan that says too little, too much or what is no measure names the entry") {
  for (const std::string& text :
       {std::string("{}"), std::string("[3]"), entry_with(""),
        entry_with(R"json({"what": "x", "measure": "final(loss)"})json"),
        entry_with(R"json({"what": "x", "measure": "speed", "at_least": 1})json"),
        entry_with(kCheck, R"json(, "seed": 3)json"),
        entry_with(R"json({"what": "x", "measure": "final(loss)", "at_least_of": "a"})json"),
        entry_with(R"json({"what": "x", "measure": "final(loss)", "at_least_of": "b"})json"),
        entry_with(R"json({"what": "x", "measure": "final(loss)", "at_least_of": "b", "at_least": 1})json"),
        entry_with(R"json({"what": "x", "measure": "final(loss)", "at_least": "much"})json"),
        entry_with(R"json({"what": "x", "measure": "final(loss)", "at_least": 1, "color": 2})json")}) {
    INFO(text);
    CHECK_THROWS_AS(plan_of(text), ConfigError);
  }
  CHECK_THROWS_WITH(plan_of(entry_with(kCheck, R"json(, "seed": 3)json")), Catch::Contains("unknown key `seed`; a"));
  const std::string one = entry_with(kCheck);
  CHECK_THROWS_WITH(plan_of("[" + one.substr(1, one.size() - 2) + "," + one.substr(1)), Catch::Contains("one name"));
}

TEST_CASE("the median has to meet the line, and no seed may miss it by more than the slack") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  Check check{.at_least = 0.99, .slack = 0.01};
  CHECK(passes(check, {0.985, 0.995, 0.99}));
  CHECK_FALSE(passes(check, {0.97, 0.995, 0.995}));   // one too far below
  CHECK_FALSE(passes(check, {0.985, 0.985, 0.995}));  // the median is below
  check = {.at_least = 45, .at_most = 60};
  CHECK(passes(check, {50}));
  CHECK_FALSE(passes(check, {61}));
  CHECK_FALSE(passes(check, {std::numeric_limits<double>::infinity()}));
}

TEST_CASE("a check against another entry waits for it, and takes its median as the line") {
  const std::string two = entry_with(kCheck);
  std::string against = entry_with(R"json({"what": "x", "measure": "final(tok_acc)", "at_least_of": "a"})json");
  against.replace(against.find("\"a\""), 3, "\"b\"");
  const std::vector<Entry> plan = plan_of("[" + two.substr(1, two.size() - 2) + "," + against.substr(1));
  const auto ran = [](double first, double second) {
    return Figures{.seconds = {1, 1}, .values = {{"final(tok_acc)", {first, second}}}};
  };
  std::vector<Outcome> waiting{{plan[0], std::nullopt}, {plan[1], ran(0.75, 0.75)}};
  settle_lines(waiting);
  CHECK_FALSE(passes(waiting[1]));
  CHECK_THAT(results_page(waiting), Catch::Contains("Not run yet: a, b."));
  // The median of 0.5 and 0.75 is 0.625.
  std::vector<Outcome> settled{{plan[0], ran(0.5, 0.75)}, {plan[1], ran(0.625, 0.75)}};
  settle_lines(settled);
  CHECK(settled[1].entry.checks[0].at_least == 0.625);
  CHECK(passes(settled[1]));
  CHECK_THAT(results_page(settled), Catch::Contains("| ≥ 0.6250 (a) |"));
  settled[1].figures = ran(0.6, 0.6);
  CHECK_FALSE(passes(settled[1]));
  // What is compared with needs no checks of its own; what nothing is compared with does.
  const std::string bare = entry_with("");
  CHECK(plan_of("[" + bare.substr(1, bare.size() - 2) + "," + against.substr(1))[0].checks.empty());
  CHECK_THROWS_WITH(plan_of(bare), Catch::Contains("an entry needs checks"));
}

TEST_CASE("the page shows what was published, the line, the median with all seeds, and what has not run") {
  Outcome done;
  done.entry = plan_of(entry_with(R"json({"what": "accuracy", "published": "100 %", "measure": "final(tok_acc)",
    "at_least": 0.99985, "slack": 0.001, "scale": 100, "unit": "%"}, {"what": "step", "measure": "first(eval, loss, <0.1)", "at_most": 750})json"))
      [0];
  done.figures = Figures{.machine = "A machine.",
                         .seconds = {65, 65},
                         .values = {{"final(tok_acc)", {0.999999, 1.0}}, {"first(eval, loss, <0.1)", {250, 250}}}};
  Outcome open{.entry = done.entry};
  open.entry.name = "b";
  Outcome elsewhere = done;
  elsewhere.entry.name = "c";
  elsewhere.figures->machine = "Another one.";
  const std::string page = results_page({done, open, elsewhere});
  CHECK_THAT(page, Catch::Contains("| a | accuracy | 100 % | ≥ 99.985 % | 99.99 % (99.99 %, 100 %) | met | 1:05 |\n") &&
                       Catch::Contains("| a | step | - | ≤ 750 | 250 (250, 250) | met | 1:05 |\n") &&
                       Catch::Contains("Not run yet: b.") &&
                       Catch::Contains("* a: a paper. Seeds 1, 2. Machine 1.\n") &&
                       Catch::Contains("* b: a paper. Seeds 1, 2.\n") &&
                       Catch::Contains("* c: a paper. Seeds 1, 2. Machine 2.\n") &&
                       Catch::EndsWith("1. A machine.\n2. Another one.\n"));
  CHECK(passes(done));
  CHECK_FALSE(passes(open));
}
