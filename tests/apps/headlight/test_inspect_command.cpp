// `headlight inspect`: what it prints of one small run, as tables and as JSON, and what it refuses.
#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using Catch::StartsWith;
using nlohmann::json;

namespace {

Finished inspect(const Workplace& place, std::vector<std::string> more) {
  more.insert(more.begin(), {"inspect", place.run()});
  return run_headlight(more);
}

json inspected(const Workplace& place, std::vector<std::string> more) {
  more.emplace_back("--json");
  const Finished finished = inspect(place, more);
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  return json::parse(finished.out);
}

}  // namespace

TEST_CASE("inspect shows maps, roles, ablation, patching, attribution and circuits of a run") {
  const Workplace place;
  REQUIRE(place.train({"trainer.steps=300", "trainer.checkpoint.best=eval/loss"}).status == 0);

  const Finished plain = inspect(place, {});
  CHECK(plain.status == 0);
  CHECK(plain.err.empty());
  CHECK_THAT(plain.out, Contains("Attention of enc.self, layer 0, head 1") && Contains("probe 0") &&
                            Contains("heads over 20 held-out sequences") && Contains("antidiag") &&
                            Contains("rows of enc.self: previous 60, self 80") && Contains("scores >= 0.4"));
  CHECK_THAT(plain.out, !Contains("ablation:"));
  CHECK_THAT(inspect(place, {"--input", "2 0 1"}).out, Contains("given input"));
  CHECK(inspect(place, {"--checkpoint", "best"}).status == 0);

  const json roles = inspected(place, {"--probe", "3", "--examples", "10"});
  CHECK(roles["step"] == 300);
  CHECK_THAT(roles["input"].get<std::string>(), StartsWith("probe 3 (eval "));
  CHECK(roles["attention"]["source"].size() == 4);
  REQUIRE(roles["attention"]["maps"].size() == 2);
  CHECK(roles["attention"]["maps"][1]["weights"].size() == 4);
  REQUIRE(roles["heads"].size() == 2);
  const json& head = roles["heads"][1];
  CHECK(head["sequences"] == 10);
  CHECK(head["role.previous.n"] == 30);
  CHECK(head.contains("tag"));
  CHECK_FALSE(head.contains("ablation.mean.loss"));
  CHECK(roles["thresholds"]["lift"] == 3);

  const Finished mean = inspect(place, {"--ablate"});
  CHECK(mean.status == 0);
  CHECK_THAT(mean.out, Contains("mean ablation: change without the head") &&
                           Contains("8 batches; 20 held-out sequences in all") && Contains("seq_acc %") &&
                           Contains(" +- "));
  const json replaced = inspected(place, {"--ablate", "zero", "--ablate", "uniform"})["heads"][0];
  CHECK(replaced.contains("ablation.zero.loss.se"));
  CHECK(replaced.contains("ablation.uniform.seq_acc"));
  CHECK_FALSE(replaced.contains("ablation.mean.loss"));
  const Finished unknown = inspect(place, {"--ablate", "man"});
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.err, Contains("--ablate: `man` is no ablation; give mean, zero or uniform"));

  const Finished patched = inspect(place, {"--patch", "0 0 1 1", "2 2 1 1", "--values"});
  INFO(patched.err);
  CHECK(patched.status == 0);
  CHECK_THAT(patched.out, Contains("Patching of enc.self") && Contains("0/2") && Contains("all positions") &&
                              Contains("the clean input is answered `0`, the corrupt one `2`"));
  CHECK_THAT(patched.out, !Contains("Attention of"));
  const json patching = inspected(place, {"--patch", "0 0 1 1", "2 2 1 1", "--at", "3"})["patching"];
  CHECK(patching["row"] == 3);
  CHECK(patching["heads"].size() == 2);
  CHECK(patching["heads"][0]["positions"].size() == 4);
  CHECK_THAT(inspect(place, {"--patch", "0 0 1 1", "2 1"}).err, Contains("differ in length; 4 and 2"));
  CHECK_THAT(inspect(place, {"--patch", "0 0 1 1", "0 0 1 1"}).err, Contains("answers both inputs alike"));
  CHECK(inspect(place, {"--patch", "0 0 1 1"}).status == 2);

  CHECK_THAT(inspect(place, {"--attribution", "--at", "2"}).out,
             Contains("what each part adds at row 2") && Contains("enc.self.layer0.head.1") && Contains("embedding"));
  const json attribution = inspected(place, {"--attribution"})["attribution"];
  double sum = 0;
  for (const json& part : attribution["parts"]) sum += part["logit"].get<double>();
  CHECK(sum == Approx(attribution["logit"].get<double>()).margin(1e-3));
  CHECK(inspect(place, {"--attribution", "--at", "4"}).status == 2);
  CHECK_THAT(inspect(place, {"--at", "2"}).err, Contains("--at: it names the row of --patch or --attribution"));

  CHECK_THAT(inspect(place, {"--circuits"}).out, Contains("copying") && Contains("prefix by"));
  const json circuits = inspected(place, {"--circuits"})["circuits"];
  CHECK(circuits["heads"].size() == 2);
  CHECK(circuits["heads"][0]["previous_token"].is_number());
  CHECK(circuits["heads"][0]["key_composition"].is_null());
}

TEST_CASE("inspect works for every architecture, and says where attribution cannot") {
  for (const char* model : {R"({"arch": "decoder", "d_model": 8, "heads": 2, "layers": 2})",
                            R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 1, "d_model": 8})"}) {
    INFO(model);
    const Workplace place;
    place.set_model(model);
    REQUIRE(place.train().status == 0);
    CHECK(inspect(place, {"--ablate", "mean", "--ablate", "uniform"}).status == 0);
    CHECK(inspect(place, {"--input", "0 1 2"}).status == 0);
    CHECK(inspect(place, {"--attribution"}).status == 0);
    CHECK(inspect(place, {"--attribution", "--input", "0 1 2"}).status == 0);
    CHECK(inspect(place, {"--circuits"}).status == 0);
  }
  const Workplace post;
  post.set_model(R"({"d_model": 8, "heads": 2, "layers": 1, "norm": "post"})");
  REQUIRE(post.train().status == 0);
  const Finished refused = inspect(post, {"--attribution"});
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Contains("the logits of this model are no sum of what its parts add") &&
                              Contains("`layers.0` has post-norm"));
  CHECK(inspect(post, {"--circuits"}).status == 0);

  const Workplace plain;
  plain.set_model(R"({"d_model": 8, "blocks": [{"type": "feed_forward", "d_model": 8, "d_ff": 16}]})");
  REQUIRE(plain.train().status == 0);
  CHECK_THAT(inspect(plain, {}).err, Contains("the model of this run has no attention to show"));
  CHECK(inspect(plain, {"--circuits"}).status == 2);
}
