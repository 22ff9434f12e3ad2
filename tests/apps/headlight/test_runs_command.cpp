// Runs side by side, configs side by side, starters and shell completion.
#include <cstdlib>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;

TEST_CASE("Runs are listed and compared by their figures and by what their configs differ in") {
  const Workplace place;
  const std::string other = (place / "other").string();
  REQUIRE(place.train().status == 0);
  REQUIRE(run_headlight({"train", place.config(), "--run-dir", other, "steps=10", "optimizer.lr=0.02"}).status == 0);

  const Finished listed = run_headlight({"runs", place.path().string()});
  CHECK(listed.status == 0);
  const std::vector<std::string> lines = lines_of(listed.out);
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], Catch::StartsWith("status"));
  CHECK_THAT(lines[1], Contains("finished") && Contains("10/10") && Contains(other));
  CHECK_THAT(lines[2], Contains("12/12") && Contains(place.run()));

  const Finished compared = run_headlight({"compare", place.run(), other});
  CHECK(compared.status == 0);
  CHECK_THAT(compared.out, Contains("tiny/run") && Contains("tiny/other") && Contains("seq_acc"));
  CHECK_THAT(compared.out,
             Contains("optimizer.lr") && Contains("0.01") && Contains("0.02") && Contains("trainer.steps"));
  CHECK_THAT(compared.out, !Contains("model.d_ff"));
  CHECK_THAT(run_headlight({"compare", place.run(), place.run()}).out, Contains("the configs are equal"));
  CHECK(run_headlight({"compare", place.run()}).status == 2);
  CHECK(run_headlight({"runs", (place / "nowhere").string()}).status == 2);

  // A run that was killed says so: its record still calls it running, but nobody holds its lock.
  nlohmann::json record = nlohmann::json::parse(slurp(other + "/run.json"));
  record["status"] = "running";
  spill(other + "/run.json", record.dump());
  CHECK_THAT(run_headlight({"runs", place.path().string()}).out, Contains("cut off"));
  record["status"] = 5;
  spill(other + "/run.json", record.dump());
  const Finished damaged = run_headlight({"runs", place.path().string()});
  CHECK(damaged.status == 0);
  CHECK_THAT(damaged.out, Contains("unreadable") && Contains("run.json") && Contains("`status` must be a string"));
  record["status"] = "running";
  record["environment"] = nlohmann::json::array({1});
  spill(other + "/run.json", record.dump());
  CHECK(run_headlight({"resume", other, "steps=20"}).status == 0);
  spill(other + "/config.json", "{");
  CHECK_THAT(run_headlight({"runs", place.path().string()}).out, Contains("unreadable"));
}

TEST_CASE("config diff shows the keys in which configs differ") {
  const Workplace place;
  const Finished changed = run_headlight({"config", "diff", place.config(), "optimizer.lr=0.5", "model.norm=none"});
  CHECK(changed.status == 0);
  CHECK_THAT(changed.out, Contains("optimizer.lr: 0.01 -> 0.5\n") && Contains("model.norm: \"pre\" -> \"none\"\n"));
  CHECK_THAT(changed.out, !Contains("seed"));
  // Beside the defaults: what the file itself says.
  const Finished own = run_headlight({"config", "diff", place.config()});
  CHECK_THAT(own.out, Contains("seed: 1 -> 3\n") && Contains("task.symbols: 10 -> 3\n") && !Contains("trainer.steps"));
  spill(place / "b.json", kTinyConfig);
  const Finished equal = run_headlight({"config", "diff", place.config(), (place / "b.json").string()});
  CHECK(equal.out.empty());
  CHECK_THAT(equal.err, Contains("no key differs"));
}

TEST_CASE("A starter is written, trains, and is never written over a file") {
  const Workplace place;
  const std::string file = (place / "a.json").string();
  const Finished written = run_headlight({"init", "reverse", "-o", file});
  CHECK(written.status == 0);
  CHECK_THAT(written.err, Contains("headlight train " + file));
  CHECK_THAT(slurp(file), Contains("// "));
  CHECK(run_headlight({"init", "reverse"}).out == slurp(file));
  CHECK(run_headlight({"train", file, "steps=60", "--run-dir", place.run()}).status == 0);
  const Finished again = run_headlight({"init", "reverse", "-o", file});
  CHECK(again.status == 2);
  CHECK_THAT(again.err, Contains("the file is there already"));
  const Finished nowhere = run_headlight({"init", "reverse", "-o", (place / "no/a.json").string()});
  CHECK(nowhere.status == 2);
  CHECK_THAT(nowhere.err, Contains("there is no directory " + (place / "no").string() + "; make it first"));
  const Finished unknown = run_headlight({"init", "revers"});
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Contains("did you mean `reverse`?"));
}

TEST_CASE("bash completes commands, options and keys") {
  const Workplace place;
  const std::string script = (place / "completion.bash").string();
  spill(script, run_headlight({"completion", "bash"}).out);
  const auto completed = [&](const std::string& words) {
    const std::string out = (place / "out").string();
    const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(headlight " + words +
                                "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _headlight; echo \"${COMPREPLY[@]}\"' > " +
                                out;
    REQUIRE(std::system(command.c_str()) == 0);
    return slurp(out);
  };
  CHECK(completed("tra") == "train\n");
  CHECK(completed("train --dry") == "--dry-run\n");
  CHECK_THAT(completed("train a.json optimizer.lr"), Contains("optimizer.lr="));
  CHECK_THAT(completed("--quiet config ch"), Contains("check"));
  CHECK_THAT(completed("init rev"), Contains("reverse"));
  for (const char* shell : {"zsh", "fish"}) CHECK_THAT(run_headlight({"completion", shell}).out, Contains("resume"));
  CHECK(run_headlight({"completion", "tcsh"}).status == 2);
}
