#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/schema.h"
#include "tests/apps/config/key_texts.h"
#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;
using namespace headlight::testing;
using Json = nlohmann::ordered_json;

// Every key of the table, damaged in every way: either the value means what it says, or the message names the key and
// its exact place. A new row needs a sample value only when it has no plain default.

namespace {

std::string column_text(std::size_t column) { return "--> a.json:1:" + std::to_string(column) + "\n"; }

/// An accepted value must come back: itself, or in each member it stands for.
void check_kept(const schema::Key& key, const std::string& text, const Json& value) {
  if (key.path == "$schema" || is_section(key)) return;
  const Json resolved = to_json(read_text(text));
  REQUIRE(resolved.contains(pointer(key.path)));
  const Json& kept = resolved[pointer(key.path)];
  if (value.is_object() && value.empty()) return;
  if (key.type.rule == schema::TextRule::kPath) {
    CHECK(kept.get<std::string>().ends_with("/" + value.get<std::string>().substr(value == "/w.st" ? 1 : 0)));
  } else if (kept.is_object() && !value.is_object()) {
    for (const auto& [name, member] : kept.items()) {
      if (name != "input" && name != "embedding") CHECK(member == value);
    }
  } else {
    CHECK(kept == value);
  }
}

}  // namespace

TEST_CASE("each key takes its sample value") {
  for (const schema::Key* key : keys()) {
    INFO(key->path);
    if (is_section(*key)) continue;
    std::size_t column = 0;
    const std::string text = text_with(*key, sample(*key).dump(), column);
    INFO(text);
    CHECK(problems(text) == "");
    check_kept(*key, text, sample(*key));
  }
}

TEST_CASE("each key refuses values that cannot be meant, or keeps them as they are") {
  const std::vector<std::string> values = {"null",  "true",    "-1",     "0",           "1e30",  "9223372036854775808",
                                           "1e999", "\"NaN\"", "0.5",    "\"\"",        "\"x\"", "\"12\"",
                                           "[]",    "{}",      "[null]", "{\"zz\": 1}", "-0.0"};
  std::size_t refused = 0;
  for (const schema::Key* key : keys()) {
    for (const std::string& value : values) {
      std::size_t column = 0;
      const std::string text = text_with(*key, value, column);
      const std::string message = problems(text);
      INFO(text << "\n" << message);
      if (message.empty()) {
        check_kept(*key, text, Json::parse(value));
        CHECK(value != "null");
        CHECK(value != "1e999");
        // More than an integer can be; as a number it is 2^63.
        CHECK((value != "9223372036854775808" || key->type.kind == schema::Type::Kind::kNumber));
        continue;
      }
      ++refused;
      CHECK(message.find(key->path.substr(key->path.rfind('.') + 1)) != std::string::npos);
      // Inside an object or a list the place is that of the part that is wrong; what is missing is shown at the key.
      const bool whole = value[0] != '{' && value[0] != '[';
      if (whole) CHECK(message.find(column_text(column)) != std::string::npos);
    }
  }
  CHECK(refused > 8 * keys().size());
}

TEST_CASE("each key renamed by one letter is unknown, in place, with the right name beside it") {
  for (const schema::Key* key : keys()) {
    const std::string name = key->path.substr(key->path.rfind('.') + 1);
    for (const std::string& wrong : {name + "q", "q" + name, name.substr(0, name.size() - 1) + "q"}) {
      const std::string path = key->path.substr(0, key->path.size() - name.size()) + wrong;
      Json config = around(*key);
      config[pointer(path)] = is_section(*key) ? Json::object() : sample(*key);
      const std::string text = config.dump();
      const std::string message = problems(text);
      INFO(text << "\n" << message);
      CHECK(message.find("error: unknown key `" + wrong + "`") != std::string::npos);
      CHECK(message.find(column_text(text.find("\"" + wrong + "\"") + 1)) != std::string::npos);
      if (key->path != "$schema") CHECK(message.find("`" + name + "`") != std::string::npos);
    }
  }
}

TEST_CASE("each key given twice is a problem at the second place") {
  for (const schema::Key* key : keys()) {
    if (is_section(*key)) continue;
    const std::string name = key->path.substr(key->path.rfind('.') + 1);
    const std::string value = sample(*key).dump();
    std::size_t column = 0;
    const std::string text = text_with(*key, fmt::format(R"({0},"{1}":{0})", value, name), column);
    const std::string message = problems(text);
    INFO(text << "\n" << message);
    CHECK(message.find("error: key `" + name + "` appears twice in the same object\n  " +
                       column_text(column + value.size() + 1)) == 0);
    CHECK(message.find("error:", 1) == std::string::npos);
  }
}

TEST_CASE("each section refuses an unknown key beside the known ones") {
  for (const schema::Key* key : keys()) {
    if (!is_section(*key)) continue;
    std::size_t column = 0;
    const std::string text = text_with(*key, "{\"zebra\":1}", column);
    const std::string message = problems(text);
    INFO(text << "\n" << message);
    CHECK(message.find("error: unknown key `zebra` in `" + key->path + "`") != std::string::npos);
    CHECK(message.find(column_text(column + 1)) != std::string::npos);
  }
}

TEST_CASE("each key without effect is refused") {
  std::size_t tried = 0;
  for (const schema::Key* key : keys()) {
    if (key->only.key.empty()) continue;
    const std::string section = key->path.substr(0, key->path.rfind('.') + 1);
    const schema::Key& decides = *schema::find_branch(section + key->only.key)->key;
    for (const auto& [choice, value] : decides.type.choices) {
      // A path may have a row for each of several choices.
      const bool has_effect = std::any_of(schema::table().begin(), schema::table().end(), [&](const schema::Key& row) {
        const auto& with = row.only.values;
        return row.path == key->path && std::find(with.begin(), with.end(), choice) != with.end();
      });
      if (has_effect) continue;
      Json config = around(*key);
      config[pointer(decides.path)] = choice;
      config[pointer(key->path)] = sample(*key);
      const std::string message = problems(config.dump());
      INFO(config.dump() << "\n" << message);
      CHECK(message.find("`" + key->path + "` has no effect while `" + decides.path + "` is \"" + choice + "\"") !=
            std::string::npos);
      ++tried;
    }
  }
  CHECK(tried >= 10);
}
