// The program behind ./run reproduce, with plans of runs that take a moment.
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "apps/reproduce/figures.h"
#include "apps/reproduce/program.h"
#include "core/io/file.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::reproduce;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;

namespace {

constexpr const char* kConfig = R"({
  "task": {"type": "reverse", "symbols": 3, "length": 4, "train_examples": 40, "eval": {"examples": 20, "seed": 1}},
  "model": {"d_model": 8, "heads": 2, "layers": 1, "d_ff": 16},
  "trainer": {"steps": 6, "batch_size": 8, "eval_every": 3, "checkpoint": {"every": 3}}
})";

std::string entry_named(const std::string& name, const std::string& seeds, const std::string& check) {
  return R"({"name": ")" + name + R"(", "config": "a.json", "seeds": [)" + seeds +
         R"(], "source": "nobody", "checks": [)" + check + "]}";
}

constexpr const char* kParameters = R"json({"what": "parameters", "measure": "parameters", "at_least": 1})json";
constexpr const char* kImpossible = R"json({"what": "loss", "measure": "final(loss)", "at_most": -1})json";

/// A directory with a config and a plan of two entries, of which the second cannot pass.
class ReproductionPlace : public TemporaryDirectory {
 public:
  ReproductionPlace() {
    spill(*this / "a.json", kConfig);
    spill(*this / "plan.json",
          "[" + entry_named("good", "1, 2", kParameters) + "," + entry_named("bad", "1", kImpossible) + "]");
  }

  /// The program's exit code and all that it says.
  Ended reproduce(const std::string& arguments) const {
    const std::string place = (*this / "").string();
    return run_program("/bin/sh", {"-c", std::string(HEADLIGHT_REPRODUCE) + " --plan " + place + "plan.json --root " +
                                             place + "runs --results " + place + "results.md " + arguments + " 2>&1"});
  }
};

std::string content(const std::filesystem::path& path) { return read_file(path, std::uint64_t{1} << 20U); }

}  // namespace

TEST_CASE("entries are trained once, judged, and kept in the record and the page") {
  const ReproductionPlace place;
  const Ended good = place.reproduce("good");
  CHECK(good.code == 0);
  CHECK_THAT(good.output, Catch::Contains("reproduce: good, seed 2") && Catch::Contains("Not run yet: bad."));
  const std::string page = content(place / "results.md");
  CHECK_THAT(page, Catch::Contains("| good | parameters | - | ≥ 1 |") && Catch::Contains("| met |"));
  // One thread or more, whatever the machine has: as the runs' own records say.
  CHECK_THAT(page, Catch::Contains(" thread"));

  const Ended bad = place.reproduce("bad");
  CHECK(bad.code == 1);
  CHECK_THAT(content(place / "results.md"), Catch::Contains("| good | ") && Catch::Contains("**missed**"));
  CHECK(read_record(place / "results.json").size() == 2);

  const Ended again = place.reproduce("good");
  CHECK(again.code == 0);
  CHECK_THAT(again.output, !Catch::Contains("reproduce: good"));
}

TEST_CASE("a run that was cut is gone on with") {
  const ReproductionPlace place;
  REQUIRE(place.reproduce("good").code == 0);
  const std::filesystem::path record = place / "runs/good-seed2/run.json";
  std::string text = content(record);
  text.replace(text.find("\"finished\""), 10, "\"running\"");
  spill(record, text);
  const Ended ended = place.reproduce("good");
  CHECK(ended.code == 0);
  CHECK_THAT(ended.output, Catch::Contains("reproduce: good, seed 2") && !Catch::Contains("reproduce: good, seed 1"));
}

TEST_CASE("what would end a long call late is said before anything is trained") {
  const ReproductionPlace place;
  REQUIRE(place.reproduce("good").code == 0);

  SECTION("runs of another config, all at once") {
    std::string config(kConfig);
    config.replace(config.find("\"d_ff\": 16"), 10, "\"d_ff\": 32");
    spill(place / "a.json", config);
    const Ended ended = place.reproduce("");
    CHECK(ended.code == 2);
    CHECK_THAT(ended.output, Catch::Contains("good-seed1: the run was made with another config") &&
                                 Catch::Contains("good-seed2: the run was made with another config") &&
                                 Catch::Contains("`model.d_ff` is 16 there and 32 now") &&
                                 !Catch::Contains("reproduce: bad"));
  }
  SECTION("a damaged record") {
    spill(place / "results.json", "{");
    const Ended ended = place.reproduce("bad");
    CHECK(ended.code == 1);
    CHECK_THAT(ended.output, Catch::Contains("results.json") && !Catch::Contains("reproduce: bad"));
  }
  SECTION("a config that is wrong") {
    spill(place / "a.json", R"({"task": {"type": "reversed"}})");
    const Ended ended = place.reproduce("bad");
    CHECK(ended.code == 2);
    CHECK_THAT(ended.output, Catch::Contains("reverse") && !Catch::Contains("reproduce: bad"));
  }
  SECTION("a name that is no entry, and a page that would be the record") {
    CHECK_THAT(place.reproduce("goood").output, Catch::Contains("did you mean `good`?"));
    CHECK(place.reproduce("goood").code == 2);
    CHECK(place.reproduce("--results " + (place / "results.json").string()).code != 0);
  }
  CHECK_FALSE(std::filesystem::exists(place / "runs/bad-seed1"));
}

TEST_CASE("the list names each entry with its source") {
  const ReproductionPlace place;
  const Ended ended = place.reproduce("--list");
  CHECK(ended.code == 0);
  CHECK_THAT(ended.output, Catch::Contains("good") && Catch::Contains("2 seeds") && Catch::Contains("nobody"));
}
