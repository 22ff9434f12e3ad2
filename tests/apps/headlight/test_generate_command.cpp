// `headlight generate`: what a trained model says, for each architecture.
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/headlight/cli_testing.h"

using namespace headlight::testing;
using Catch::Contains;
using nlohmann::json;

namespace {

/// A run of another task, with a decoder unless the model says otherwise.
Finished train_task(const Workplace& place, const std::string& task, const std::string& steps,
                    const std::string& model = R"("layers": 1, "arch": "decoder", "max_len": 20)") {
  const std::string path = (place / "task.json").string();
  spill(path, R"({"name": "tiny", "seed": 3, "task": )" + task +
                  R"(, "model": {"d_model": 16, "heads": 2, "d_ff": 32, )" + model +
                  R"(}, "optimizer": {"type": "adamw", "lr": 0.01}, "trainer": {"batch_size": 4, "eval_every": 400,
                  "steps": )" +
                  steps + "}}");
  return run_headlight({"train", path, "--run-dir", place.run()});
}

Finished generated(const Workplace& place, const std::string& input, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"generate", place.run(), "--input", input});
  return run_headlight(more);
}

/// A task of a text or of lines in a file with this content.
std::string file_task(const Workplace& place, const std::string& content, const std::string& keys) {
  const std::string path = (place / "data.txt").string();
  spill(path, content);
  return "{\"path\": \"" + path + "\", " + keys + "}";
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("A model that has learned to reverse says an input backwards, whatever its architecture") {
  for (const char* arch : {"encoder", "decoder", "encoder-decoder"}) {
    INFO(arch);
    const Workplace place;
    place.set_model(std::string(R"({"d_model": 8, "heads": 2, "d_ff": 16, "arch": ")") + arch + "\"}");
    const Finished finished = place.train({"steps=400"});
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    const Finished said = run_headlight({"generate", place.run(), "--input", "0 1 2 2", "--json"});
    INFO(said.err);
    REQUIRE(said.status == 0);
    const json answer = json::parse(said.out);
    CHECK(answer["input"] == "0 1 2 2");
    CHECK(answer["output"] == "2 2 1 0");
    REQUIRE(answer["tokens"].size() == 4);
    for (const json& token : answer["tokens"]) {
      CHECK(token["probability"] > 0.5);
      CHECK(token["probability"] <= 1);
    }
    const Finished plain = run_headlight({"generate", place.run(), "--input", "0 1 2 2"});
    CHECK(plain.out == "2 2 1 0\n");
    CHECK(plain.err.empty());
    const Finished shorter = run_headlight({"generate", place.run(), "--input", "0 1 2"});
    CHECK(shorter.status == 0);
    CHECK_THAT(shorter.err, Contains("warning: the input holds 3 tokens, and the model was trained with 4 only\n"));
  }
}

TEST_CASE("Lines from stdin are answered one by one, and what is no token is refused") {
  const Workplace place;
  REQUIRE(place.train().status == 0);
  const std::string out = (place / "out").string();
  const std::string command =
      "printf '0 1 2 2\\n1 1\\n' | " HEADLIGHT_PROGRAM " generate " + place.run() + " --input - > " + out;
  REQUIRE(std::system(command.c_str()) == 0);
  const std::vector<std::string> lines = lines_of(slurp(out));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].size() == 7);
  CHECK(lines[1].size() == 3);
  CHECK(lines[0] + "\n" == run_headlight({"generate", place.run(), "--input", "0 1 2 2"}).out);

  const Finished strange = run_headlight({"generate", place.run(), "--input", "0 x"});
  CHECK(strange.status == 2);
  CHECK_THAT(strange.err, Contains("is no token of this task") && Contains("its 3 tokens are 0, 1, 2"));
  CHECK(run_headlight({"generate", place.run(), "--input", "0 0 0 0 0"}).status == 2);
  CHECK(run_headlight({"generate", place.run(), "--input", ""}).status == 2);
  const Finished cold = run_headlight({"generate", place.run(), "--input", "0", "--temperature", "-1"});
  CHECK(cold.status == 2);
  CHECK_THAT(cold.err, Contains("answers all at once") && Contains("leave --temperature out"));
}

TEST_CASE("A prefix of a line is continued to the end of the line") {
  const Workplace place;
  const std::string task =
      file_task(place, repeated("abcdefgh\nhgfedcba\n", 8), R"("type": "lines", "eval_examples": 2)");
  const Finished trained = train_task(place, task, "150");
  INFO(trained.err);
  REQUIRE(trained.status == 0);
  // What stands behind the prefix in the only line that begins so.
  CHECK(generated(place, "abc").out == "defgh\n");
  CHECK(generated(place, "hgfe").out == "dcba\n");
  // The begin mark alone asks for a whole line, either one.
  const std::string whole = generated(place, "").out;
  CHECK((whole == "abcdefgh\n" || whole == "hgfedcba\n"));
  // model.max_len is 20, and the begin mark takes one position.
  const Finished cold = generated(place, "abc", {"--temperature", "-1"});
  CHECK(cold.status == 2);
  CHECK_THAT(cold.err, Contains("the temperature must be at least 0; -1; 0 takes the likeliest token"));
  const Finished longer = generated(place, "abcdefghabcdefghabcd");
  CHECK(longer.status == 2);
  CHECK_THAT(longer.err, Contains("it holds 20 tokens, and the task adds 1"));
}

TEST_CASE("An answer without an end mark is as long as the task says") {
  const Workplace place;
  SECTION("sort: as long as its input, which has one length") {
    REQUIRE(train_task(place, R"({"type": "sort"})", "2").status == 0);
    CHECK(lines_of(generated(place, "2 1 0 2 1 0").out).at(0).size() == 11);  // 6 digits and 5 blanks
    CHECK(generated(place, "2 1 0 2 1 0", {"--max-tokens", "4"}).out.size() == 8);
    const Finished few = generated(place, "2 1 0");
    CHECK(few.status == 2);
    CHECK_THAT(few.err, Contains("it holds 3 tokens; this task needs 6"));
  }
  SECTION("addition: one digit more than each of two summands has") {
    REQUIRE(train_task(place, R"({"type": "addition"})", "2").status == 0);
    CHECK(lines_of(generated(place, "8 5 5 0").out).at(0).size() == 5);
    const Finished few = generated(place, "8 5 5");
    CHECK(few.status == 2);
    CHECK_THAT(few.err, Contains("it holds 3 tokens; this task needs 4"));
  }
  SECTION("copy with a first symbol: all but that one") {
    const std::string model = R"("arch": "encoder-decoder", "max_len": 20)";
    const Finished trained =
        train_task(place, R"({"type": "copy", "symbols": 4, "length": 6, "first": 1})", "2", model);
    INFO(trained.err);
    REQUIRE(trained.status == 0);
    CHECK(json::parse(generated(place, "1 2 3 4", {"--json"}).out)["tokens"].size() == 3);
  }
  SECTION("recall: one symbol") {
    REQUIRE(train_task(place, R"({"type": "recall", "symbols": 6, "length": 8, "train_examples": 50,
                                  "eval": {"examples": 5}})",
                       "2")
                .status == 0);
    CHECK(json::parse(generated(place, "0 3 1 4 0 3 1 4 => 0", {"--json"}).out)["tokens"].size() == 1);
  }
}

TEST_CASE("A model that answers at once is asked where the task asks, and how to go on is refused") {
  const Workplace place;
  const std::string encoder = R"("layers": 1, "arch": "encoder", "max_len": 20)";
  const std::string lengths = R"("length": {"min": 1, "max": 4})";
  SECTION("formal: at the dummies, which are added to a string without any") {
    REQUIRE(train_task(place, R"({"type": "formal", "problem": "parity", )" + lengths + "}", "2", encoder).status == 0);
    const std::string one = generated(place, "1 0 1 _").out;
    CHECK(one.size() == 2);
    CHECK(generated(place, "1 0 1").out == one);
    const Finished drawn = generated(place, "1 0 1", {"--top-k", "3", "--temperature", "1"});
    CHECK(drawn.status == 2);
    CHECK_THAT(drawn.err, Contains("--temperature: the model of this run answers all at once") &&
                              Contains("leave --temperature, --top-k out"));
    for (const char* option : {"--max-tokens", "--temperature", "--top-k", "--top-p", "--seed", "--beams"}) {
      INFO(option);
      const Finished refused = generated(place, "1 0 1", {option, "1"});
      CHECK(refused.status == 2);
      CHECK_THAT(refused.err, Contains(std::string("leave ") + option + " out"));
    }
  }
  SECTION("formal stack: up to the mark 2 that the answer ends with") {
    REQUIRE(train_task(place, R"({"type": "formal", "problem": "stack", )" + lengths + "}", "400", encoder).status ==
            0);
    CHECK(generated(place, "1").out == "1 2\n");  // the stack of one 1, and its end
  }
  SECTION("rasp: at the symbols, not at the marks") {
    REQUIRE(train_task(place, R"({"type": "rasp", "length": {"min": 3, "max": 5}, "train_examples": 50,
                                  "eval": {"examples": 5}})",
                       "2", encoder)
                .status == 0);
    const std::string three = generated(place, "<bos> 1 1 2").out;
    CHECK(three.size() == 6);
    CHECK(generated(place, "1 1 2").out == three);
  }
  SECTION("mqar: at the questions, whatever the architecture") {
    REQUIRE(train_task(place, R"({"type": "mqar", "vocab": 16, "pairs": 2, "length": 12, "train_examples": 50,
                                  "eval": {"examples": 5}})",
                       "2")
                .status == 0);
    CHECK(json::parse(generated(place, "1 9 2 10 0 0 2 0 0 0 1 0", {"--json"}).out)["tokens"].size() == 2);
    const Finished nothing = generated(place, "1 9 2 10");
    CHECK(nothing.status == 2);
    CHECK_THAT(nothing.err, Contains("the task answers at none of its tokens"));
  }
  SECTION("induction: behind the start mark, which is put in front of an input without it") {
    // Positions are sinusoids: another input gives other probabilities.
    REQUIRE(train_task(place, R"({"type": "induction", "symbols": 5, "block": 2, "repeats": 2, "length": 9,
                                  "train_examples": 50, "eval": {"examples": 5}})",
                       "2")
                .status == 0);
    const Finished said = generated(place, "<bos> 3 1 2 3", {"--json", "--max-tokens", "2"});
    REQUIRE(said.status == 0);
    const json left_out = json::parse(generated(place, "3 1 2 3", {"--json", "--max-tokens", "2"}).out);
    CHECK(left_out["tokens"] == json::parse(said.out)["tokens"]);
    CHECK_THAT(run_headlight({"show", place.run(), "--input", "3 1 2 3"}).out, Contains("<bos>"));
  }
  SECTION("modular: at the equals sign, which is added behind two numbers") {
    REQUIRE(train_task(place, R"({"type": "modular", "p": 7})", "2", R"("layers": 1, "arch": "encoder", "max_len": 3)")
                .status == 0);
    CHECK(generated(place, "3 4").out == generated(place, "3 4 =").out);
    CHECK_THAT(generated(place, "3").err, Contains("it holds 1 tokens; this task needs 3"));
  }
}

TEST_CASE("show refuses the inputs that generate refuses, in the same words") {
  const Workplace place;
  const auto same = [&](const std::string& input, const std::string& fault) {
    INFO(input);
    const Finished shown = run_headlight({"show", place.run(), "--input", input});
    CHECK(shown.status == 2);
    CHECK(shown.out.empty());
    CHECK_THAT(shown.err, Contains(fault));
    CHECK(generated(place, input).err == shown.err);
  };
  SECTION("modular needs both operands") {
    REQUIRE(train_task(place, R"({"type": "modular", "p": 7})", "2", R"("layers": 1, "arch": "encoder", "max_len": 3)")
                .status == 0);
    same("3", "--input: it holds 1 tokens; this task needs 3: all of its inputs are that long");
    same("", "--input: it holds 0 tokens; give from 1 to 3");
    same("1 2 3 4", "--input: it holds 4 tokens; give from 1 to 3");
    CHECK_THAT(run_headlight({"show", place.run(), "--input", "3 4"}).out, Contains("="));
  }
  SECTION("with the marks of rasp an input may outgrow the positions") {
    REQUIRE(train_task(place, R"({"type": "rasp", "program": "reverse", "length": {"min": 3, "max": 5},
                                  "train_examples": 50, "eval": {"examples": 5}})",
                       "2", R"("layers": 1, "arch": "encoder", "positions": "learned", "max_len": 7)")
                .status == 0);
    same("1 2 3 4 1 2", "--input: it holds 6 tokens, and the task adds 2; give fewer: model.max_len is 7");
    CHECK(run_headlight({"show", place.run(), "--input", "1 2 3 4 1"}).status == 0);
  }
  SECTION("the begin mark of lines is an input of its own") {
    REQUIRE(
        train_task(place, file_task(place, repeated("abc\ncba\n", 8), R"("type": "lines", "eval_examples": 2)"), "2")
            .status == 0);
    const Finished shown = run_headlight({"show", place.run(), "--input", ""});
    CHECK(shown.status == 0);
    CHECK_THAT(shown.out, Contains("given input"));
  }
}

TEST_CASE("A text is read and written byte by byte or character by character, blanks too") {
  const Workplace place;
  const std::string text = repeated("the cat \xC3\xBC", 60);  // a period of 9 characters, 10 bytes
  SECTION("bytes") {
    const Finished trained = train_task(place, file_task(place, text, R"("type": "text", "level": "byte")"), "200");
    INFO(trained.err);
    REQUIRE(trained.status == 0);
    CHECK(generated(place, "the cat", {"--max-tokens", "6"}).out == " \xC3\xBCthe\n");
    CHECK(generated(place, "\xC3\xBC", {"--max-tokens", "3"}).out == "the\n");
    CHECK(generated(place, " c", {"--max-tokens", "3"}).out == "at \n");
    // Five bytes and 16 new ones are the 20 positions and the one behind them; "cat" would leave room for 18.
    CHECK(json::parse(generated(place, "c a t", {"--json"}).out)["tokens"].size() == 16);
    // Half of a character is no UTF-8, which JSON must be: U+FFFD stands in its place.
    const json half = json::parse(generated(place, "the cat", {"--json", "--max-tokens", "2"}).out);
    CHECK(half["output"] == " \xEF\xBF\xBD");
    CHECK(half["tokens"][1]["token"] == "<0xC3>");
  }
  SECTION("characters") {
    const Finished trained = train_task(place, file_task(place, text, R"("type": "text")"), "200");
    INFO(trained.err);
    REQUIRE(trained.status == 0);
    CHECK(generated(place, "the cat", {"--max-tokens", "5"}).out == " \xC3\xBCthe\n");
    CHECK(json::parse(generated(place, "c a t", {"--json"}).out)["tokens"].size() == 16);
    CHECK_THAT(generated(place, "x").err, Contains("`x` is no token of this task"));
    CHECK_THAT(generated(place, "\xC3").err, Contains("`\\<0xC3>` is no token of this task"));
  }
}
