// The record of figures: what it keeps between runs, what it drops, and that the committed one is of the shipped plan.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/reproduce/figures.h"
#include "apps/reproduce/table.h"
#include "core/error.h"
#include "core/io/file.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::reproduce;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

Entry entry_of(const TemporaryDirectory& directory, const std::string& name) {
  return {.name = name,
          .config = directory / "config.json",
          .seeds = {1, 2},
          .source = "a paper",
          .checks = {{.what = "step", .measure = "first(eval, loss, <0.1)", .at_most = 750}}};
}

RunResult run_with(double loss) {
  RunResult run{.evaluation = R"({"tok_acc": 0.25, "loss": 0.5})", .seconds = 65};
  run.rows = {{.step = 250, .split = Split::eval, .loss = loss}};
  return run;
}

}  // namespace

TEST_CASE("a record gives back what was written, a figure that was never reached too") {
  const TemporaryDirectory directory;
  spill(directory / "config.json", "{}");
  const std::vector<Entry> plan{entry_of(directory, "a"), entry_of(directory, "b")};
  const Figures figures = figures_of(plan[0], plan, {run_with(0.05), run_with(0.5)}, "A machine.");
  CHECK(figures.values.at("first(eval, loss, <0.1)") == std::vector<double>{250, kNever});
  add_to_record(directory / "record.json", "a", figures);
  const auto record = read_record(directory / "record.json");
  REQUIRE(record.size() == 1);
  CHECK(record.at("a").values == figures.values);
  CHECK(record.at("a").seconds == std::vector<double>{65, 65});
  CHECK(record.at("a").machine == "A machine.");
  CHECK(record.at("a").settings == settings_of(plan[0]));
  CHECK(read_record(directory / "absent.json").empty());
}

TEST_CASE("figures stay while the settings do: comments and lines may change, what is trained may not") {
  const TemporaryDirectory directory;
  spill(directory / "config.json", "{\"seed\": 3}");
  std::vector<Entry> plan{entry_of(directory, "a")};
  const Figures figures = figures_of(plan[0], plan, {run_with(0.05), run_with(0.5)}, "A machine.");
  CHECK(belongs(figures, plan[0], plan));

  spill(directory / "config.json", "// a comment\n{\"seed\": 3}");
  plan[0].checks[0].at_most = 300;
  plan[0].source = "another paper";
  CHECK(belongs(figures, plan[0], plan));
  CHECK(outcomes_of(plan, {{"a", figures}})[0].figures.has_value());

  const auto is_dropped = [&](const Entry& changed) { return !outcomes_of({changed}, {{"a", figures}})[0].figures; };
  Entry changed = plan[0];
  changed.overrides = {"trainer.steps=3"};
  CHECK(is_dropped(changed));
  changed = plan[0];
  changed.seeds = {1, 3};
  CHECK(is_dropped(changed));
  changed = plan[0];
  changed.checks.push_back({.what = "accuracy", .measure = "final(tok_acc)", .at_least = 0.9});
  CHECK(is_dropped(changed));
  spill(directory / "config.json", "{\"seed\": 4}");
  CHECK(is_dropped(plan[0]));
}

TEST_CASE("a record keeps the figures of other entries, of other plans too, whoever writes at the same time") {
  const TemporaryDirectory directory;
  constexpr int kWriters = 8;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      add_to_record(directory / "record.json", std::to_string(i), {.settings = "s", .machine = "m", .seconds = {1.0}});
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(read_record(directory / "record.json").size() == kWriters);
}

TEST_CASE("a figure that is no number is refused") {
  const TemporaryDirectory directory;
  spill(directory / "config.json", "{}");
  const std::vector<Entry> plan{entry_of(directory, "a")};
  RunResult run = run_with(0.05);
  run.rows[0].loss = std::numeric_limits<double>::quiet_NaN();
  Entry last = plan[0];
  last.checks = {{.what = "loss", .measure = "least(eval, loss)", .at_most = 1}};
  CHECK_THROWS_AS(figures_of(last, {last}, {run, run}, "A machine."), StateError);
}

TEST_CASE("an entry without checks has the figures that others are compared with") {
  const TemporaryDirectory directory;
  spill(directory / "config.json", "{}");
  std::vector<Entry> plan{entry_of(directory, "a"), entry_of(directory, "b")};
  plan[0].checks.clear();
  plan[1].checks = {{.what = "accuracy", .measure = "final(tok_acc)", .at_least_of = "a"}};
  const Figures figures = figures_of(plan[0], plan, {run_with(0.5), run_with(0.5)}, "A machine.");
  CHECK(figures.values.at("final(tok_acc)") == std::vector<double>{0.25, 0.25});
  const auto outcomes = outcomes_of(plan, {{"a", figures}});
  CHECK(outcomes[1].entry.checks[0].at_least == 0.25);
}

TEST_CASE("a file that is no record is refused by name") {
  const TemporaryDirectory directory;
  for (const char* text : {"[]", "{\"format\": 1}", R"({"format": 1, "entries": {"a": {}}})",
                           R"({"format": 1, "entries": {"a": {"settings": 3}}})"}) {
    spill(directory / "record.json", text);
    CHECK_THROWS_AS(read_record(directory / "record.json"), FileError);
    CHECK_THROWS_WITH(read_record(directory / "record.json"), Catch::Contains("record.json"));
  }
}

TEST_CASE("the committed page shows the committed record, and the record is of the shipped plan") {
  const std::filesystem::path data = std::filesystem::path(HEADLIGHT_SOURCE_DIR) / "data";
  const std::vector<Entry> plan = read_plan(data / "reproduction.json");
  const auto record = read_record(data / "results.json");
  for (const auto& [name, figures] : record) {
    INFO(name << " was trained with other settings than it has now: `./run reproduce " << name << "`");
    const auto entry = std::find_if(plan.begin(), plan.end(), [&](const Entry& one) { return one.name == name; });
    REQUIRE(entry != plan.end());
    CHECK(belongs(figures, *entry, plan));
  }
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 20U;
  CHECK(read_file(data / "results.md", kLargest) == results_page(outcomes_of(plan, record)));
}
