// The corpus that needs no download: the bytes that Python makes, its file, and the plan's key for it.
#include <chrono>
#include <set>
#include <span>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/reproduce/generated_text.h"
#include "apps/reproduce/plan.h"
#include "core/error.h"
#include "core/io/digest.h"
#include "core/io/safetensors.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::reproduce;
using headlight::testing::message_of;
using headlight::testing::slurp;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;

TEST_CASE("a generated text has the bytes that Python makes") {
  // Made by tests/reference/make_text.py, which shares no code with ours.
  const SafetensorsFile fixture(HEADLIGHT_SOURCE_DIR "/tests/reference/training/text_run.safetensors");
  const nlohmann::json expected = nlohmann::json::parse(fixture.metadata().at("text"));
  const std::string text = generated_text(expected.at("seed"), expected.at("characters"));
  Digest digest;
  digest.update(std::as_bytes(std::span(text)));
  CHECK(digest.hex() == expected.at("xxh64").get<std::string>());
  const std::set<char> different(text.begin(), text.end());
  CHECK(different.size() == 65);
  CHECK(different.size() == expected.at("different").get<std::size_t>());
}

TEST_CASE("a seed gives one text, which a shorter one begins, and another seed another text") {
  const std::string text = generated_text(1, 5000);
  CHECK(text.size() == 5000);
  CHECK(generated_text(1, 5000) == text);
  CHECK(generated_text(1, 77) == text.substr(0, 77));
  CHECK(generated_text(1, 0).empty());
  CHECK(generated_text(2, 5000) != text);
}

TEST_CASE("the file of a text is written where it is absent or another, and left alone where it is right") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = generated_text_path(directory.path(), 3, 700);
  CHECK(path.is_absolute());
  CHECK(path.filename() == "generated-text-3-700.txt");
  CHECK(generated_text_path("runs/../x", 3, 700).is_absolute());
  const std::string text = generated_text(3, 700);

  write_generated_text(directory.path(), 3, 700);
  CHECK(slurp(path) == text);
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(path, long_ago);
  write_generated_text(directory.path(), 3, 700);
  CHECK(std::filesystem::last_write_time(path) == long_ago);
  for (const std::string& other : {std::string("short"), std::string(700, 'x'), text + "\n"}) {
    spill(path, other);
    write_generated_text(directory.path(), 3, 700);
    CHECK(slurp(path) == text);
  }
  CHECK(directory.entries() == 1);
}

TEST_CASE("an entry of the plan may name a text, by seed and size") {
  const TemporaryDirectory directory;
  const auto plan_with = [&](const std::string& text) {
    spill(directory / "plan.json",
          R"json([{"name": "a", "config": "a.json", "seeds": [1], "source": "a paper", "text": )json" + text +
              R"json(, "checks": [{"what": "x", "measure": "final(loss)", "at_most": 1}]}])json");
    return read_plan(directory / "plan.json");
  };
  const auto plan = plan_with(R"({"seed": 7, "characters": 1000})");
  REQUIRE(plan[0].text.has_value());
  CHECK(plan[0].text->seed == 7);
  CHECK(plan[0].text->characters == 1000);
  for (const char* wrong :
       {"7", "{}", R"({"seed": 7})", R"({"seed": 7, "characters": 0})", R"({"seed": 7, "characters": 2000000000})",
        R"({"seed": 7, "characters": 9, "words": 3})"}) {
    INFO(wrong);
    CHECK_THAT(message_of<ConfigError>([&] { plan_with(wrong); }), Catch::Contains("a, `text`"));
  }
}
