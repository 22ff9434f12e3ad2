// The corpus that needs no download: the bytes that Python makes, its file, and the plan's keys for it.
#include <algorithm>
#include <chrono>
#include <set>
#include <span>
#include <sstream>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/reproduce/figures.h"
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

namespace {

constexpr TextRecipe kSmall{.kind = TextKind::text, .seed = 3, .size = 700};

std::vector<std::string> items_of(const std::string& text) {
  std::vector<std::string> items;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item);) items.push_back(item);
  return items;
}

/// What the metadata of a fixture of tests/reference/training says of the text of this kind. tests/reference's
/// generated_text.py made it, which shares no code with ours.
nlohmann::json made_by_python(const char* fixture, TextKind kind) {
  const SafetensorsFile file(HEADLIGHT_SOURCE_DIR "/tests/reference/training/" + std::string(fixture));
  return nlohmann::json::parse(file.metadata().at(name_of(kind)));
}

std::string digest_of(const std::string& text) {
  Digest digest;
  digest.update(std::as_bytes(std::span(text)));
  return digest.hex();
}

}  // namespace

TEST_CASE("a generated text has the bytes that Python makes") {
  const nlohmann::json expected = made_by_python("text_run.safetensors", TextKind::text);
  const std::string text = generated_text({.seed = expected.at("seed"), .size = expected.at("characters")});
  CHECK(digest_of(text) == expected.at("xxh64").get<std::string>());
  const std::set<char> different(text.begin(), text.end());
  CHECK(different.size() == 65);
  CHECK(different.size() == expected.at("different").get<std::size_t>());
}

TEST_CASE("generated lines have the bytes that Python makes, and the shape of the published list of names") {
  const nlohmann::json expected = made_by_python("lines_run.safetensors", TextKind::lines);
  const std::string text =
      generated_text({.kind = TextKind::lines, .seed = expected.at("seed"), .size = expected.at("items")});
  CHECK(digest_of(text) == expected.at("xxh64").get<std::string>());
  // That list has 32,033 names of 2 to 15 of 26 letters (karpathy/makemore, names.txt).
  const std::vector<std::string> items = items_of(text);
  CHECK(items.size() == 32033);
  CHECK(text.back() == '\n');
  const auto [shortest, longest] =
      std::minmax_element(items.begin(), items.end(),
                          [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  CHECK(shortest->size() == 2);
  CHECK(longest->size() == 15);
  const std::set<char> different(text.begin(), text.end());
  CHECK(different.size() == 26 + 1);
}

TEST_CASE("a seed gives one text, which a shorter one begins, and another seed another text") {
  const auto text_of = [](std::uint64_t seed, std::size_t size) {
    return generated_text({.seed = seed, .size = size});
  };
  const std::string text = text_of(1, 5000);
  CHECK(text.size() == 5000);
  CHECK(text_of(1, 5000) == text);
  CHECK(text_of(1, 77) == text.substr(0, 77));
  CHECK(text_of(1, 0).empty());
  CHECK(text_of(2, 5000) != text);
}

TEST_CASE("a seed gives one list of lines, which a shorter one begins, and another seed another list") {
  const auto text_of = [](std::uint64_t seed, std::size_t size) {
    return generated_text({.kind = TextKind::lines, .seed = seed, .size = size});
  };
  const std::string text = text_of(1, 500);
  CHECK(items_of(text).size() == 500);
  CHECK(text_of(1, 500) == text);
  const std::string shorter = text_of(1, 7);
  CHECK(items_of(shorter).size() == 7);
  CHECK(text.starts_with(shorter));
  CHECK(text_of(1, 0).empty());
  CHECK(text_of(2, 500) != text);
}

TEST_CASE("the file of a text is written where it is absent or another, and left alone where it is right") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = generated_text_path(directory.path(), kSmall);
  CHECK(path.is_absolute());
  CHECK(path.filename() == "generated-text-3-700.txt");
  CHECK(generated_text_path("runs/../x", kSmall).is_absolute());
  CHECK(generated_text_path("x", {.kind = TextKind::lines, .seed = 3, .size = 7}).filename() ==
        "generated-lines-3-7.txt");
  const std::string text = generated_text(kSmall);

  write_generated_text(directory.path(), kSmall);
  CHECK(slurp(path) == text);
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(path, long_ago);
  write_generated_text(directory.path(), kSmall);
  CHECK(std::filesystem::last_write_time(path) == long_ago);
  for (const std::string& other : {std::string("short"), std::string(700, 'x'), text + "\n"}) {
    spill(path, other);
    write_generated_text(directory.path(), kSmall);
    CHECK(slurp(path) == text);
  }
  CHECK(directory.entries() == 1);
}

TEST_CASE("an entry of the plan may name a text or lines, by seed and size") {
  const TemporaryDirectory directory;
  const auto plan_with = [&](const std::string& text) {
    spill(directory / "plan.json",
          R"json([{"name": "a", "config": "a.json", "seeds": [1], "source": "a paper", )json" + text +
              R"json(, "checks": [{"what": "x", "measure": "final(loss)", "at_most": 1}]}])json");
    return read_plan(directory / "plan.json");
  };
  const auto text = plan_with(R"("text": {"seed": 7, "characters": 1000})")[0].text;
  REQUIRE(text.has_value());
  CHECK(text->kind == TextKind::text);
  CHECK(text->seed == 7);
  CHECK(text->size == 1000);
  const auto lines = plan_with(R"("lines": {"seed": 8, "items": 100})")[0].text;
  REQUIRE(lines.has_value());
  CHECK(lines->kind == TextKind::lines);
  CHECK(lines->seed == 8);
  CHECK(lines->size == 100);
  for (const char* wrong :
       {"7", "{}", R"({"seed": 7})", R"({"seed": 7, "characters": 0})", R"({"seed": 7, "characters": 2000000000})",
        R"({"seed": 7, "items": 9})", R"({"seed": 7, "characters": 9, "words": 3})"}) {
    INFO(wrong);
    CHECK_THAT(message_of<ConfigError>([&] { plan_with(R"("text": )" + std::string(wrong)); }),
               Catch::Contains("a, `text`"));
  }
  for (const char* wrong : {"7", R"({"seed": 7})", R"({"seed": 7, "items": 0})", R"({"seed": 7, "items": 100000000})",
                            R"({"seed": 7, "characters": 9})", R"({"seed": 7, "items": 9, "characters": 9})"}) {
    INFO(wrong);
    CHECK_THAT(message_of<ConfigError>([&] { plan_with(R"("lines": )" + std::string(wrong)); }),
               Catch::Contains("a, `lines`"));
  }
  CHECK_THROWS_WITH(plan_with(R"("text": {"seed": 7, "characters": 9}, "lines": {"seed": 7, "items": 9})"),
                    Catch::Contains("`text` and `lines` say two things"));
}

TEST_CASE("figures belong to the text that they were measured with") {
  const TemporaryDirectory directory;
  spill(directory / "a.json", "{}");
  Entry entry{.name = "a", .config = directory / "a.json", .seeds = {1}};
  std::set<std::string> settings{settings_of(entry)};
  for (const TextRecipe& recipe : {TextRecipe{.kind = TextKind::text, .seed = 3, .size = 700},
                                   TextRecipe{.kind = TextKind::lines, .seed = 3, .size = 700},
                                   TextRecipe{.kind = TextKind::lines, .seed = 4, .size = 700},
                                   TextRecipe{.kind = TextKind::lines, .seed = 3, .size = 701}}) {
    entry.text = recipe;
    settings.insert(settings_of(entry));
  }
  CHECK(settings.size() == 5);
}
