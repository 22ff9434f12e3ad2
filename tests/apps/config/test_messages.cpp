#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/config/schema.h"
#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

// Whole messages, written out by hand from the rules of the config format: what, place, line, carets, help.

namespace {

struct Golden {
  const char* keys;  // beside the smallest config, each on a line of its own, so that columns can be counted by eye
  const char* message;
};

const std::vector<Golden> kGolden = {
    {R"("model": { "arch": "encoder", "n_heads": 4 })",
     "error: unknown key `n_heads` in `model`\n"
     "  --> a.json:3:31\n"
     "   3 | \"model\": { \"arch\": \"encoder\", \"n_heads\": 4 }\n"
     "     |                               ^^^^^^^^^\n"
     "help: a key with a similar name exists: `heads`\n"},
    {R"("model": { "n_head": 4 })",
     "error: unknown key `n_head` in `model`\n"
     "  --> a.json:3:12\n"
     "   3 | \"model\": { \"n_head\": 4 }\n"
     "     |            ^^^^^^^^\n"
     "help: `n_head` is called `heads` here\n"},
    {R"("model": { "learning_rate": 4 })",
     "error: unknown key `learning_rate` in `model`\n"
     "  --> a.json:3:12\n"
     "   3 | \"model\": { \"learning_rate\": 4 }\n"
     "     |            ^^^^^^^^^^^^^^^\n"
     "help: `learning_rate` is called `optimizer.lr` here\n"},
    {R"("schedule": { "lr": 1e-3 })",
     "error: unknown key `lr` in `schedule`\n"
     "  --> a.json:3:15\n"
     "   3 | \"schedule\": { \"lr\": 1e-3 }\n"
     "     |               ^^^^\n"
     "help: `lr` belongs under `optimizer`\n"},
    {R"("logging": { "zebra": 1 })",
     "error: unknown key `zebra` in `logging`\n"
     "  --> a.json:3:14\n"
     "   3 | \"logging\": { \"zebra\": 1 }\n"
     "     |              ^^^^^^^\n"
     "help: `logging` knows: `jsonl`, `tensorboard`, `tensorboard_images`\n"},
    {R"("model": { "d_model": "64" })",
     "error: `model.d_model` must be an integer from 1 to 16384, not the text \"64\"\n"
     "  --> a.json:3:23\n"
     "   3 | \"model\": { \"d_model\": \"64\" }\n"
     "     |                       ^^^^\n"
     "help: write it without quotes: 64\n"},
    {R"("model": { "norm": "psot" })",
     "error: `model.norm` must be one of \"pre\", \"post\", \"sandwich\", \"parallel\", \"none\", not the text "
     "\"psot\"\n"
     "  --> a.json:3:20\n"
     "   3 | \"model\": { \"norm\": \"psot\" }\n"
     "     |                    ^^^^^^\n"
     "help: did you mean \"post\"? the choices are \"pre\", \"post\", \"sandwich\", \"parallel\", \"none\"\n"},
    {R"("model": { "arch": "decodr" })",
     "error: `model.arch` must be one of \"encoder\", \"decoder\", \"encoder-decoder\", not the text \"decodr\"\n"
     "  --> a.json:3:20\n"
     "   3 | \"model\": { \"arch\": \"decodr\" }\n"
     "     |                    ^^^^^^^^\n"
     "help: did you mean \"decoder\"? the choices are \"encoder\", \"decoder\", \"encoder-decoder\"\n"},
    {R"("model": { "layers": null })",
     "error: `model.layers` must be an integer from 1 to 256, not null\n"
     "  --> a.json:3:22\n"
     "   3 | \"model\": { \"layers\": null }\n"
     "     |                      ^^^^\n"
     "help: leave the key out; the default is 2\n"},
    {R"("optimizer": { "lr": 1e999 })",
     "error: `optimizer.lr` must be a number above 0, at most 1000, not 1e999\n"
     "  --> a.json:3:22\n"
     "   3 | \"optimizer\": { \"lr\": 1e999 }\n"
     "     |                      ^^^^^\n"
     "help: left out, it means: 0.001; with rmsprop and adafactor 0.01, lion 0.0001, schedule_free 0.0025\n"},
    {R"("optimizer": { "eps": "NaN" })",
     "error: `optimizer.eps` must be a number above 0, at most 1, not the text \"NaN\"\n"
     "  --> a.json:3:23\n"
     "   3 | \"optimizer\": { \"eps\": \"NaN\" }\n"
     "     |                       ^^^^^\n"
     "help: a config holds finite numbers only\n"},
    {R"("optimizer": { "betas": [0.9] })",
     "error: `optimizer.betas` must be a list of 2, each a number from 0 to below 1, not a list of 1\n"
     "  --> a.json:3:25\n"
     "   3 | \"optimizer\": { \"betas\": [0.9] }\n"
     "     |                         ^^^^^\n"
     "help: left out, it means: [0.9, 0.999]; with lion [0.9, 0.99]\n"},
    {R"("optimizer": { "betas": [0.9, 1] })",
     "error: `optimizer.betas.1` must be a number from 0 to below 1, not 1\n"
     "  --> a.json:3:31\n"
     "   3 | \"optimizer\": { \"betas\": [0.9, 1] }\n"
     "     |                               ^\n"
     "help: left out, it means: [0.9, 0.999]; with lion [0.9, 0.99]\n"},
    {R"("optimizer": { "momentum": 0.9 })",
     "error: `optimizer.momentum` has no effect while `optimizer.type` is \"adamw\"\n"
     "  --> a.json:3:16\n"
     "   3 | \"optimizer\": { \"momentum\": 0.9 }\n"
     "     |                ^^^^^^^^^^\n"
     "help: remove it; it belongs to \"sgd\", \"rmsprop\", \"muon\"\n"},
    {R"("optimizer": { "groups": [{ "lr": 0 }] })",
     "error: missing key `match` in `optimizer.groups.0`\n"
     "  --> a.json:3:27\n"
     "   3 | \"optimizer\": { \"groups\": [{ \"lr\": 0 }] }\n"
     "     |                           ^\n"
     "help: give a text that is not empty: pattern of dotted parameter names; `*` stands for any characters\n"},
    {R"("model": { "load": { "rename": {} } })",
     "error: missing key `file` in `model.load`\n"
     "  --> a.json:3:12\n"
     "   3 | \"model\": { \"load\": { \"rename\": {} } }\n"
     "     |            ^^^^^^\n"
     "help: give the path of a file: a safetensors file; a relative path starts from the directory of the config\n"},
    {R"("seed": 1, "seed": 2)",
     "error: key `seed` appears twice in the same object\n"
     "  --> a.json:3:12\n"
     "   3 | \"seed\": 1, \"seed\": 2\n"
     "     |            ^^^^^^\n"
     "help: the first one is at line 3, column 1: keep one of them\n"},
    {R"("seed": 9007199254740992)",
     "error: `seed` must be an integer from 0, not 9007199254740992\n"
     "  --> a.json:3:9\n"
     "   3 | \"seed\": 9007199254740992\n"
     "     |         ^^^^^^^^^^^^^^^^\n"
     "help: the default is 1\n"},
    {R"("format": 2)",
     "error: `format` must be the number 1, not 2\n"
     "  --> a.json:3:11\n"
     "   3 | \"format\": 2\n"
     "     |           ^\n"
     "help: a config of a newer format needs a newer Headlight\n"},
};

std::string on_lines(const std::string& keys) {
  return "{\"task\": {\"type\": \"reverse\"}, \"trainer\": {\"steps\": 100},\n// what is wrong:\n" + keys + "\n}";
}

}  // namespace

TEST_CASE("each mistake is shown with place, line, carets and help") {
  for (const Golden& golden : kGolden) {
    INFO(golden.keys);
    CHECK(problems(on_lines(golden.keys)) == golden.message);
  }
}

TEST_CASE("what is missing is shown at the object that lacks it") {
  // The tasks by name, as the table has them.
  const std::string help =
      "help: give " + schema::describe(schema::find_branch("task.type")->key->type) + ": the task\n";
  CHECK(problems("{ \"trainer\": { \"steps\": 1 } }") ==
        "error: missing key `type` in `task`\n"
        "  --> a.json:1:1\n"
        "   1 | { \"trainer\": { \"steps\": 1 } }\n"
        "     | ^\n" +
            help);
  CHECK(problems("{ \"task\": { \"type\": \"reverse\" }, \"trainer\": {} }") ==
        "error: missing key in `trainer`: the length of the run\n"
        "  --> a.json:1:34\n"
        "   1 | { \"task\": { \"type\": \"reverse\" }, \"trainer\": {} }\n"
        "     |                                  ^^^^^^^^^\n"
        "help: give `steps` or `epochs`\n");
  // Without a file there is no line to show.
  CHECK(problems_of_files({}, {"steps=3"}) == "error: missing key `type` in `task`\n" + help);
}

TEST_CASE("all problems are shown in one pass, in the order of the files and of their lines") {
  const std::string text =
      problems_of_files({"{\n\"model\": { \"layers\": 0, \"heads\": 3, \"d_model\": 64 },\n\"seeds\": 1,\n"
                         "\"task\": { \"type\": \"reverse\" } }",
                         "{ \"optimizer\": { \"lr\": 0 } }"},
                        {"trainer.batch_size=0"});
  // `trainer` appears on the command line only, so what it lacks is shown there.
  const std::vector<std::string> order = {"`model.layers` must be",   "`model.d_model` is 64",
                                          "unknown key `seeds`",      "`optimizer.lr` must be",
                                          "missing key in `trainer`", "`trainer.batch_size` must be"};
  std::size_t last = 0;
  for (const std::string& part : order) {
    INFO(text << "\nlooking for " << part);
    const std::size_t found = text.find(part);
    REQUIRE(found != std::string::npos);
    CHECK(found > last);
    last = found;
  }
}

TEST_CASE("a value that a later file replaces is still checked") {
  CHECK(problems_of_files({with(R"("seed": -1)"), R"({"seed": 1})"}).find("`seed` must be an integer from 0, not -1") !=
        std::string::npos);
}

TEST_CASE("columns count code points, and a byte order mark and carriage returns do not show") {
  const std::string keys = "\"name\": \"gr\xC3\xB6\xC3\x9F\x65-\xE5\x90\x8D\", \"seed\": -1";
  const std::string expected =
      "error: `seed` must be an integer from 0, not -1\n"
      "  --> a.json:2:28\n"
      "   2 | " +
      keys +
      "\n"
      "     |                            ^^\n";
  // `"name": "größe-名", ` is 19 code points, `"seed": ` 8 more.
  const std::string head = R"({"task": {"type": "reverse"}, "trainer": {"steps": 100},)";
  CHECK(problems("\xEF\xBB\xBF" + head + "\r\n" + keys + "\r\n}\r\n").find(expected) == 0);
  CHECK(problems("\xEF\xBB\xBF{\"seed\": 1, \"x\": 1}").find("a.json:1:13") != std::string::npos);
}

TEST_CASE("a long line is cut around the place") {
  const std::string name(200, 'x');
  const std::string text =
      problems(with("\"output\": {\"root\": \"" + name + "\"}, \"seed\": true, \"name\": \"" + name + "\""));
  // 40 columns stand before the place: 28 of the long text and the 12 of `"}, "seed": `.
  const std::string line = "   1 | ... " + std::string(28, 'x') + "\"}, \"seed\": true, \"name\": \"";
  INFO(text);
  CHECK(text.find(line) != std::string::npos);
  CHECK(text.find("     | " + std::string(44, ' ') + "^^^^\n") != std::string::npos);  // "... " and 40 columns
}

TEST_CASE("control characters of a config never reach the terminal") {
  const std::string text = problems("{ /* \x1B[31m\x7F\xC2\x9B */ \"seeds\": \"\\u001b\" }");
  CHECK(text.find("unknown key `seeds`") != std::string::npos);
  CHECK(text.find('\x1B') == std::string::npos);
  CHECK(text.find('\x7F') == std::string::npos);
  CHECK(text.find('\x9B') == std::string::npos);
}

TEST_CASE("a flood of problems is cut after fifty") {
  std::string keys;
  for (int i = 0; i < 200; ++i) keys += "\"key" + std::to_string(i) + "\": 1,";
  const std::string text = problems(with(keys + "\"seed\": 1"));
  CHECK(text.find("error: and 150 more problems like these") != std::string::npos);
}
