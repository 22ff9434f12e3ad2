// `headlight check` as a user meets it: exit codes, the table, JSON, and messages.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using Catch::StartsWith;

namespace {

Finished check(const std::vector<std::string>& words) {
  std::vector<std::string> arguments = {"check"};
  for (const std::string& word : words) arguments.push_back(word);
  return headlight::testing::run_headlight(arguments);
}

}  // namespace

TEST_CASE("check on a config prints a table and exits 0") {
  const Workplace place;
  const Finished finished = check({place.config(), "model.dropout=0.1"});
  INFO(finished.out << finished.err);
  CHECK(finished.status == 0);
  CHECK(finished.err.empty());
  CHECK_THAT(finished.out,
             StartsWith("model of `tiny`\n") && Contains("\nleak: causal") && Contains("\ngradients: parameters   ok"));
  CHECK_THAT(finished.out, Contains("24 checks: 21 passed, 0 failed, 3 do not apply"));
  CHECK(finished.out.find('\x1b') == std::string::npos);
}

TEST_CASE("check on a layer takes its keys from the command line") {
  const Finished finished = check({"--layer", "multi_head_attention", "d_model=12", "heads=3", "--json"});
  INFO(finished.out << finished.err);
  CHECK(finished.status == 0);
  const auto json = nlohmann::json::parse(finished.out);
  CHECK(json["subject"] == R"(multi_head_attention {"d_model":12,"heads":3})");
  CHECK(json["passed"] == true);
  CHECK(json["rows"].size() == 24);
  for (const auto& row : json["rows"]) {
    INFO(row.dump());
    CHECK((row["result"] == "passed" || row["result"] == "not applicable"));
    CHECK(row["seconds"].is_number());
  }
  CHECK(check({"--layer", "residual", "norm=none", R"(body={"type": "dense", "in": 4, "out": 4})"}).status == 0);
}

TEST_CASE("a promise that is not kept is a failed check and exits 1") {
  // Dense mixes nothing, but a table of positions is not the same for every order.
  const Finished finished = check({"--layer", "learned_positions", "--promise", "equivariant"});
  CHECK(finished.status == 1);
  CHECK_THAT(finished.out, Contains("permutation             FAILED") && Contains("1 failed"));
  CHECK_THAT(finished.out, Contains("-> look for something that depends"));
  // Attention without a mask reads every position.
  const Finished causal = check({"--layer", "multi_head_attention", "--promise", "mask", "--promise", "causal"});
  CHECK(causal.status == 1);
  CHECK_THAT(causal.out, Contains("leak: no mask           FAILED") && Contains("later inputs"));
}

TEST_CASE("what cannot be checked is an error before any work, and exits 2") {
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{}, "error: headlight: no config is given"},
      {{"--layer", "denss"}, "there is no layer type `denss`"},
      {{"--layer", "dense", "in=0"}, "`in` must be a whole number"},
      {{"--layer", "dense", "in=4", "outt=4"}, "unknown key `outt`"},
      {{"--layer", "dense", "four"}, "error: headlight check: `four` is no key of a layer; write key=value"},
      {{"--layer", "multi_head_attention", "d_model=8", "key_width=3"}, "takes no input (B, T, C) with C among"},
      {{"--layer", "dense", "--promise", "much"}, "--promise"},
      {{"--layer", "dense", "--width", "0"}, "--width"},
      {{HEADLIGHT_SOURCE_DIR "/data/configs/reverse.json", "--width", "3"}, "--promise and --width are for --layer"},
      {{HEADLIGHT_SOURCE_DIR "/data/configs/reverse.json", "model.n_heads=3"}, "unknown key `n_heads`"},
      {{"no_such_file.json"}, "no_such_file.json"},
      {{"--layre", "dense"}, "did you mean `--layer`?"},
  };
  for (const Case& each : cases) {
    const Finished finished = check(each.arguments);
    INFO(each.message << "\n" << finished.out << finished.err);
    CHECK(finished.status == 2);
    CHECK(finished.out.empty());
    CHECK_THAT(finished.err, StartsWith("error: ") && Contains(each.message));
  }
}
