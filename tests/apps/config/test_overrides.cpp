#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

TEST_CASE("defaults give way to files from left to right, and these to overrides") {
  const std::string base = with(R"("model": {"heads": 2, "layers": 3, "d_model": 32}, "seed": 5)");
  const std::string over = R"({"model": {"layers": 4}, "seed": 6})";
  const Config config =
      read_config_text({{.name = "a", .text = base, .directory = {}}, {.name = "b", .text = over, .directory = {}}},
                       {"seed=7", "model.d_ff=10"})
          .config;
  CHECK(config.model.heads == 2);
  CHECK(config.model.layers == 4);
  CHECK(config.model.d_ff == 10);
  CHECK(config.seed == 7);
  CHECK(config.optimizer.lr == 1e-3);
}

TEST_CASE("an override is JSON if it can be, else a text") {
  const Config config = read_text(kSmallest, {"name=two words", "output.root=\"quoted\"", "optimizer.lr=5e-4",
                                              "steps=1e3", "model.bias=false", "optimizer.betas=[0.5, 0.25]"});
  CHECK(config.name == "two words");
  CHECK(config.output.root == "quoted");
  CHECK(config.optimizer.lr == 5e-4);
  CHECK(config.trainer.steps == 1000);
  CHECK_FALSE(config.model.bias.attention);
  CHECK(config.optimizer.betas == std::array<double, 2>{0.5, 0.25});
  CHECK(read_text(kSmallest, {"output.root=a=b"}).output.root == "a=b");
  CHECK(read_text(kSmallest, {"output.root=//x"}).output.root == "//x");
}

TEST_CASE("lists are addressed by index, and a default list too") {
  CHECK(read_text(kSmallest, {"optimizer.betas.1=0.98"}).optimizer.betas == std::array<double, 2>{0.9, 0.98});
  const Config config =
      read_text(with(R"("optimizer": {"groups": [{"match": "a"}, {"match": "b", "lr": 1}]})"),
                {"optimizer.groups.1.lr=2", "optimizer.groups.0.match=c", "optimizer.groups.2={\"match\": \"d\"}"});
  REQUIRE(config.optimizer.groups.size() == 3);
  CHECK(config.optimizer.groups[0].match == "c");
  CHECK(config.optimizer.groups[1].lr == 2.0);
  CHECK(config.optimizer.groups[2].match == "d");
  CHECK_FALSE(config.optimizer.groups[2].lr.has_value());
  // Lists of names and of texts too.
  CHECK(read_text(kSmallest, {"model.arch=encoder-decoder", "probes.record.0=dec.self"}).probes.record ==
        std::vector{AttentionBlock::kDecoderSelf, AttentionBlock::kDecoderSelf, AttentionBlock::kDecoderCross});
  CHECK(read_text(kSmallest, {"probes.inputs=[\"a b\", \"c\"]", "probes.inputs.1=d"}).probes.inputs ==
        std::vector<std::string>{"a b", "d"});
}

TEST_CASE("a plain value for an object can be refined, and replaces what stood there") {
  const Config refined = read_text(with(R"("model": {"dropout": 0.1})"), {"model.dropout.ff=0.3"});
  CHECK(refined.model.dropout.attention == 0.1);
  CHECK(refined.model.dropout.ff == 0.3);
  CHECK(refined.model.dropout.input == 0.0);  // only by name: it drops whole inputs
  const Config replaced = read_text(with(R"("model": {"dropout": {"input": 0.5, "ff": 0.5}})"), {"dropout=0"});
  CHECK(replaced.model.dropout.input == 0.0);
  CHECK(replaced.model.dropout.ff == 0.0);
  CHECK_FALSE(read_text(with(R"("model": {"bias": true})")).model.bias.embedding);  // only by name as well
}

TEST_CASE("names of tensors to load are merged one by one") {
  const std::string base = with(R"("model": {"load": {"file": "/w.st", "rename": {"a": "x", "b": "y"}}})");
  const Config config = read_text(base, {"model.load.rename.b=z", "model.load.rename.c=w"});
  CHECK(*config.model.load.rename == std::map<std::string, std::string>{{"a", "x"}, {"b", "z"}, {"c", "w"}});
}

TEST_CASE("steps and epochs replace each other from source to source and exclude each other side by side") {
  const std::string epochs = R"({"task": {"type": "reverse"}, "trainer": {"epochs": 10}})";
  const Config config = read_text(epochs, {"steps=20"});
  CHECK(config.trainer.steps == 20);
  CHECK_FALSE(config.trainer.epochs.has_value());
  CHECK(problems(epochs, {"steps=20", "epochs=3"}) ==
        "error: `trainer.steps` and `trainer.epochs` both give the length of the run\n"
        "  --> <command line>\n"
        "     | epochs=3\n"
        "     | ^^^^^^\n"
        "help: keep one of them\n");
}

// What a config is without a key is what the same config says that never had it.
TEST_CASE("null on the command line takes back what was said before") {
  const auto same = [](const std::string& text, const std::vector<std::string>& overrides, const std::string& without) {
    INFO(text << " " << overrides.front());
    CHECK(problems(text, overrides) == "");
    CHECK(to_json(read_text(text, overrides)).dump() == to_json(read_text(without)).dump());
  };
  same(with(R"("optimizer": {"lr": 0.1}, "seed": 5)"), {"seed=null"}, with(R"("optimizer": {"lr": 0.1})"));
  same(with(R"("optimizer": {"lr": 0.1}, "seed": 5)"), {"lr=null"}, with(R"("seed": 5)"));
  same(with(R"("model": {"dropout": {"ff": 0.5}, "heads": 2})"), {"model.dropout=null"},
       with(R"("model": {"heads": 2})"));
  same(with(R"("model": {"dropout": 0.5})"), {"model.dropout.ff=null"},
       with(R"("model": {"dropout": {"embedding": 0.5, "attention": 0.5, "residual": 0.5}})"));
  same(with(R"("optimizer": {"betas": [0.5, 0.5]})"), {"optimizer.betas=null"}, kSmallest);
  same(with(R"("optimizer": {"groups": [{"match": "a", "lr": 1}]})"), {"optimizer.groups.0.lr=null"},
       with(R"("optimizer": {"groups": [{"match": "a"}]})"));
  same(with(R"("model": {"load": {"file": "/w.st", "rename": {"a": "x", "b": "y"}}})"), {"model.load.rename.b=null"},
       with(R"("model": {"load": {"file": "/w.st", "rename": {"a": "x"}}})"));
  same(with(R"("model": {"d_model": 4, "blocks": [{"type": "dense", "in": 4, "out": 4, "bias": false}]})"),
       {"model.blocks.0.bias=null"},
       with(R"("model": {"d_model": 4, "blocks": [{"type": "dense", "in": 4, "out": 4}]})"));
  same(with(R"("model": {"d_model": 4, "blocks": [{"type": "dense"}]})"), {"model.blocks=null"},
       with(R"("model": {"d_model": 4})"));
  // The value that rules other keys out is the default again.
  same(with(R"("optimizer": {"type": "sgd"})"), {"optimizer.type=null", "optimizer.betas=[0.5, 0.5]"},
       with(R"("optimizer": {"betas": [0.5, 0.5]})"));
  same(with(R"("optimizer": {"type": "sgd"})"), {"optimizer=null", "optimizer.betas=[0.5, 0.5]"},
       with(R"("optimizer": {"betas": [0.5, 0.5]})"));
  // Of what nobody said nothing is left to take back; what is said behind it holds.
  same(kSmallest, {"trainer.stop_when=null"}, kSmallest);
  same(with(R"("seed": 5)"), {"seed=null", "seed=6"}, with(R"("seed": 6)"));
}

TEST_CASE("a goal is taken back, or gets the other limit") {
  const std::string goal =
      R"({"task": {"type": "reverse"}, "trainer": {"steps": 1000, "stop_when": {"metric": "eval/tok_acc", "at_least": 1}}})";
  CHECK_FALSE(read_text(goal, {"trainer.stop_when=null"}).trainer.stop_when.metric);
  CHECK(to_json(read_text(goal, {"trainer.stop_when=null"}))["trainer"].contains("stop_when") == false);
  const StopWhen other = read_text(goal, {"trainer.stop_when.metric=eval/loss", "trainer.stop_when.at_least=null",
                                          "trainer.stop_when.at_most=0.01"})
                             .trainer.stop_when;
  CHECK(other.metric == Metric::kLoss);
  CHECK_FALSE(other.at_least);
  CHECK(other.at_most == 0.01);
  CHECK(problems(goal, {"trainer.stop_when.at_most=0.01"})
            .find("help: keep `at_least` for an accuracy, or `at_most` for a loss; on the command line "
                  "trainer.stop_when.at_least=null takes the one back") != std::string::npos);
}

TEST_CASE("null takes back no key that must be given, and is no value in a file or inside a value") {
  CHECK(problems(kSmallest, {"task.type=null"}).find("error: `task.type` must be one of") == 0);
  CHECK(problems(kSmallest, {"steps=null"}).find("error: missing key in `trainer`: the length of the run") == 0);
  CHECK(problems(kSmallest, {"task=null"}).find("error: missing key `type` in `task`") == 0);
  CHECK(problems(kSmallest, {"optimizer.betas.0=null"}).find("error: `optimizer.betas.0` must be a number") == 0);
  CHECK(problems(kSmallest, {"model.n_heads=null"}).find("error: unknown key `n_heads`") == 0);
  CHECK(problems(kSmallest, {"optimizer={\"lr\": null}"}).find("error: `optimizer.lr` must be a number") == 0);
  CHECK(problems(with(R"("optimizer": {"lr": null})")).find("error: `optimizer.lr` must be a number") == 0);
  CHECK(problems(with(R"("model": {"d_model": 4, "blocks": [{"type": "dense"}]})"), {"model.blocks.0.bias=null"})
            .find("error: there is no `bias` in `model.blocks.0`") == 0);
}

TEST_CASE("short names resolve and are told") {
  const LoadedConfig loaded = read_config_text({{.name = "a", .text = kSmallest, .directory = {}}},
                                               {"lr=0.5", "steps=3", "batch_size=full", "seed=9", "name=x"});
  REQUIRE(loaded.aliases.size() == 3);  // seed and name are keys of the top level themselves
  CHECK(loaded.aliases[0].alias == "lr");
  CHECK(loaded.aliases[0].path == "optimizer.lr");
  CHECK(loaded.aliases[1].path == "trainer.steps");
  CHECK(loaded.aliases[2].path == "trainer.batch_size");
  CHECK(loaded.config.optimizer.lr == 0.5);
  CHECK(loaded.config.trainer.batch_size.full);
  CHECK(loaded.config.seed == 9);
  CHECK(loaded.config.name == "x");
}

TEST_CASE("a wrong override is shown as it was typed") {
  struct Wrong {
    std::string argument;
    std::string message;
  };
  const std::vector<Wrong> table = {
      {"model.n_head=4",
       "error: unknown key `n_head` in `model`\n  --> <command line>\n     | model.n_head=4\n     |       ^^^^^^\n"
       "help: `n_head` is called `heads` here\n"},
      {"max_len=4",
       "error: unknown key `max_len` at the top level\n  --> <command line>\n     | max_len=4\n     | ^^^^^^^\n"
       "help: `max_len` belongs under `model`\n"},
      {"lr=fast",
       "error: `optimizer.lr` must be a number above 0, at most 1000, not the text \"fast\"\n  --> <command line>\n"
       "     | lr=fast\n     |    ^^^^\nhelp: left out, it means: 0.001; with rmsprop and adafactor 0.01, lion 0.0001, "
       "schedule_free 0.0025\n"},
      {"lr=",
       "error: `optimizer.lr` must be a number above 0, at most 1000, not the text \"\"\n  --> <command line>\n"
       "     | lr=\n     |    ^\nhelp: left out, it means: 0.001; with rmsprop and adafactor 0.01, lion 0.0001, "
       "schedule_free 0.0025\n"},
      {"name=12",
       "error: `name` must be a text that can name a directory (1 to 100 bytes, no `/`), not 12\n  --> <command line>\n"
       "     | name=12\n     |      ^^\nhelp: to give it as a text, quote it twice: '\"12\"'\n"},
      {"optimizer.betas.2=0.5",
       "error: index 2 is behind the end of `optimizer.betas`\n  --> <command line>\n     | optimizer.betas.2=0.5\n"
       "     |                 ^\nhelp: it has 2 items, counted from 0\n"},
      {"optimizer.betas.x=0.5",
       "error: `optimizer.betas` is a list: `x` is not an index\n  --> <command line>\n     | optimizer.betas.x=0.5\n"
       "     |                 ^\nhelp: items count from 0: optimizer.betas.0=...\n"},
      {"optimizer.groups.0.lr=1",
       "error: a new item of `optimizer.groups` without `match`\n  --> <command line>\n     | optimizer.groups.0.lr=1\n"
       "     |                  ^\nhelp: give it whole: optimizer.groups.0='{\"match\": ...}'\n"},
      {"seed.x=1",
       "error: `seed` has no keys below it\n  --> <command line>\n     | seed.x=1\n     |      ^\n"
       "help: it is an integer from 0: seed=...\n"},
      {"loss.attention=3",
       "error: `loss.attention` must be an object, not 3\n  --> <command line>\n     | loss.attention=3\n"
       "     |                ^\n"
       "help: `loss.attention` knows: `block`, `layer`, `head`, `target`, `weight`\n"},
      {"steps",
       "error: an override without `=`\n  --> <command line>\n     | steps\n     | ^^^^^\n"
       "help: an override is written section.key=value, like optimizer.lr=1e-3\n"},
      {"model..heads=1",
       "error: an override with an empty key\n  --> <command line>\n     | model..heads=1\n     | ^^^^^^^^^^^^^\n"
       "help: an override is written section.key=value, like optimizer.lr=1e-3\n"},
  };
  for (const Wrong& wrong : table) {
    INFO(wrong.argument);
    CHECK(problems(kSmallest, {wrong.argument}) == wrong.message);
  }
  CHECK(problems(kSmallest, {"name=\xFF"}).find("an override that is not UTF-8") != std::string::npos);
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  CHECK(problems(kSmallest, {deep + "=1"}).find("an override with too many keys") != std::string::npos);
}
