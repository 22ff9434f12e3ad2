#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/config/located.h"
#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

struct Broken {
  const char* text;
  const char* what;  // the first line of the message
  const char* place;
};

// Places counted by hand in the texts.
const std::vector<Broken> kBroken = {
    {"", "the config is empty", "1:1"},
    {" // only a comment", "the config is empty", "1:19"},
    {"{\"a\": 1,}", "a comma before `}`", "1:8"},
    {"{\"a\": [1, 2,]}", "a comma before `]`", "1:12"},
    {"{\"a\" 1}", "a `:` is missing after this key", "1:2"},
    {"{\"a\", 1}", "a `,` that does not belong here", "1:5"},
    {"{\"a\":: 1}", "a `:` that does not belong here", "1:6"},
    {"{\"a\": 1\n \"b\": 2}", "a comma is missing before this", "2:2"},
    {"{\"a\": [1 2]}", "a comma is missing before this", "1:10"},
    {"{\"a\": [1,, 2]}", "a `,` that does not belong here", "1:10"},
    {"{, \"a\": 1}", "a `,` that does not belong here", "1:2"},
    {"{a: 1}", "keys are written in double quotes", "1:2"},
    {"{'a': 1}", "text is written in double quotes", "1:2"},
    {"{\"a\": 'x'}", "text is written in double quotes", "1:7"},
    {"{\"a\": x}", "`x` is not JSON", "1:7"},
    {"{\"a\": }", "a value is missing here", "1:7"},
    {"{\"a\": True}", "`True` is not JSON", "1:7"},
    {"{\"a\": None}", "`None` is not JSON", "1:7"},
    {"{\"a\": NaN}", "`NaN` is not a number", "1:7"},
    {"{\"a\": -Infinity}", "`-Infinity` is not a number", "1:7"},
    {"{\"a\": 01}", "`01` is not a JSON number", "1:7"},
    {"{\"a\": +1}", "`+1` is not a JSON number", "1:7"},
    {"{\"a\": .5}", "`.5` is not a JSON number", "1:7"},
    {"{\"a\": 1.}", "`1.` is not a JSON number", "1:7"},
    {"{\"a\": 0x10}", "`0x10` is not a JSON number", "1:7"},
    {"{\"a\": 1e}", "`1e` is not a JSON number", "1:7"},
    {"{\"a\": ?}", "`?` is not JSON", "1:7"},
    {"{?: 1}", "a key is expected here", "1:2"},
    {"{\"a\": 1 # note\n}", "comments begin with `//` here", "1:9"},
    {"{ # note\n}", "comments begin with `//` here", "1:3"},
    {"{\"a\": # note\n 1}", "comments begin with `//` here", "1:7"},
    {"{ /* note }", "a comment without an end", "1:3"},
    {"{\"a\": \"x}\n", "a text without a closing quote", "1:7"},
    {"{\"a\": \"x", "a text without a closing quote", "1:7"},
    {"{\"a\": \"x\ty\"}", "a raw control character (code 9) in a text", "1:9"},
    {"{\"a\": \"\\q\"}", "an escape that JSON does not know", "1:8"},
    {"{\"a\": \"\\ud800\"}", "an escape that JSON does not know", "1:8"},
    {"{\"a\": [1, 2}", "`}` closes what `[` opened", "1:12"},
    {"{\n \"a\": {\"b\": 1\n", "the text ends, but the `{` of line 2, column 7 is not closed", "3:1"},
    {"{\"a\": [", "the text ends, but the `[` of line 1, column 7 is not closed", "1:8"},
    {"{\"a\": 1}}", "text after the end of the config", "1:9"},
    {"{} {}", "text after the end of the config", "1:4"},
    {"[1]", "a config must be an object", "1:1"},
    {"\"x\"", "a config must be an object", "1:1"},
    {"{\"a\": \"\xFF\"}", "the text is not UTF-8", "1:8"},
    {"{} // \xC0\x80", "the text is not UTF-8", "1:7"},
};

}  // namespace

TEST_CASE("text that is not JSON is explained alone and in place") {
  for (const Broken& broken : kBroken) {
    INFO(broken.text);
    const std::string message = problems(broken.text);
    INFO(message);
    CHECK(message.find(std::string("error: ") + broken.what + "\n  --> a.json:" + broken.place + "\n") == 0);
    CHECK(message.find("error:", 1) == std::string::npos);
  }
}

TEST_CASE("a NUL byte does not end a config early") {
  using namespace std::string_literals;
  CHECK(problems("{}\0garbage"s).find("error: a NUL byte in the text\n  --> a.json:1:3") == 0);
}

TEST_CASE("comments may stand wherever blanks may") {
  CHECK(problems("/* a */ { // b\n \"task\" /* c */ : /**/ { \"type\" : \"reverse\" /* , \"x\" */ } // d\r\n , // e\n"
                 "\"trainer\": { \"steps\": 1 /***/ } } // \"f\"") == "");
}

TEST_CASE("places stay exact behind comments that hold quotes and brackets") {
  CHECK(problems("{ /* \" { [ , : */ \"seed\" /* \" */ : // }\n  /*:*/ -1, \"x\" : 1}").find("a.json:2:9\n") !=
        std::string::npos);
}

TEST_CASE("nesting ends at 64 levels") {
  const auto nested = [](std::size_t depth) {
    return "{\"a\": " + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK(problems(nested(64)).find("unknown key `a`") != std::string::npos);
  CHECK(problems(nested(65)).find("error: objects and lists are nested deeper than 64 levels\n  --> a.json:1:70") == 0);
  CHECK(problems(std::string(1000000, '[')).find("error: objects and lists are nested deeper") == 0);
}

TEST_CASE("a config is at most 1 MiB") {
  std::string text = kSmallest;
  text.resize(schema::kLargestText, ' ');
  CHECK(problems(text) == "");
  text += ' ';
  CHECK(problems(text) ==
        "error: `a.json` is larger than 1 MiB\nhelp: a config is a short text; is this the right file?\n");
}

TEST_CASE("numbers beyond a double are reported with the other problems") {
  const std::string text =
      problems(with(R"("optimizer": {"lr": 1e999, "eps": -1e999}, "seed": 123456789012345678901234567890, "x": 1)"));
  CHECK(text.find("`optimizer.lr` must be a number above 0, at most 1000, not 1e999") != std::string::npos);
  CHECK(text.find("`optimizer.eps` must be a number above 0, at most 1, not -1e999") != std::string::npos);
  CHECK(text.find("`seed` must be an integer from 0, not 123456789012345678901234567890") != std::string::npos);
  CHECK(text.find("unknown key `x`") != std::string::npos);
  std::string many = "{\"a\": [1e999";
  for (int i = 0; i < 100; ++i) many += ", 1e999";
  CHECK(problems(many + "]}").find("too many numbers beyond the range of a double") != std::string::npos);
}

TEST_CASE("files are read from disk, and all that cannot be read are named") {
  const auto directory = std::filesystem::temp_directory_path() / "headlight config test";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "good.json")
      << R"({"task": {"type": "reverse"}, "trainer": {"steps": 7}, "model": {"load": {"file": "w/../a.st"}}})";
  const LoadedConfig loaded = read_config({directory / "good.json"});
  CHECK(loaded.config.trainer.steps == 7);
  // A relative path starts from the directory of the config.
  CHECK(loaded.config.model.load.file == (directory / "a.st").string());
  try {
    read_config({directory / "none.json", directory});
    FAIL("accepted");
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    CHECK(text.find("none.json") != std::string::npos);
    CHECK(text.find("No such file or directory") != std::string::npos);
    CHECK(text.find("Is a directory") != std::string::npos);
  }
  std::filesystem::remove_all(directory);
}
