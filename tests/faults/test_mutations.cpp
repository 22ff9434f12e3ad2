// Every key of the config, damaged in every way that a typing error or a bad script does.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/random.h"
#include "tests/apps/config/key_texts.h"
#include "tests/apps/config/reading.h"
#include "tests/apps/headlight/cli_testing.h"
#include "tests/faults/note.h"

using namespace headlight;
using namespace headlight::testing;
using Json = nlohmann::ordered_json;
namespace schema = headlight::config::schema;

namespace {

struct Mutation {
  std::string key;  ///< its last name
  std::string kind;
  std::string text;
};

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

/// A value of another type than the key's sample has.
std::string wrong_type(const schema::Key& key) {
  if (is_section(key)) return "\"zebra\"";
  const Json value = sample(key);
  return value.is_object() || value.is_array() ? "\"zebra\"" : R"({"zebra": [true]})";
}

std::vector<Mutation> mutations() {
  std::vector<Mutation> all;
  const auto add = [&](const schema::Key& key, const char* kind, const std::string& value) {
    std::size_t column = 0;
    all.push_back({last_name(key.path), kind, text_with(key, value, column)});
  };
  for (const schema::Key* key : keys()) {
    const std::string name = last_name(key->path);
    add(*key, "wrong type", wrong_type(*key));
    add(*key, "null", "null");
    add(*key, "negative", "-1");
    add(*key, "0", "0");
    add(*key, "1e30", "1e30");
    add(*key, "2^63", "9223372036854775808");
    add(*key, "\"NaN\"", "\"NaN\"");
    const std::string own = is_section(*key) ? "{}" : sample(*key).dump();
    add(*key, "duplicated", fmt::format(R"({0},"{1}":{0})", own, name));
    add(*key, "unknown sibling", fmt::format(R"({},"zebra":1)", own));
    Json renamed = around(*key);
    renamed[pointer(key->path.substr(0, key->path.size() - name.size()) + name + "q")] =
        is_section(*key) ? Json::object() : sample(*key);
    all.push_back({name, "renamed by one letter", renamed.dump()});
    if (key->fallback.kind == schema::Default::Kind::kRequired) {
      Json without = around(*key);
      const std::string section = key->path.substr(0, key->path.size() - name.size());
      if (!section.empty()) {
        Json& owner = without[pointer(section.substr(0, section.size() - 1))];
        if (owner.is_null()) owner = Json::object();
      }
      all.push_back({name, "dropped", without.dump()});
    }
  }
  return all;
}

/// Whether the first message tells the key (or the stranger beside it), where, and what to do.
bool is_good(const Mutation& mutation, const std::string& message) {
  const bool names = message.find(mutation.key) != std::string::npos || message.find("zebra") != std::string::npos;
  return message.starts_with("error: ") && names && message.find("\n  --> ") != std::string::npos &&
         message.find("\nhelp: ") != std::string::npos;
}

}  // namespace

TEST_CASE("mutations: a damaged config names key, place and remedy, or means what it says") {
  const std::vector<Mutation> all = mutations();
  std::size_t accepted = 0;
  std::vector<std::size_t> refused;
  std::string poor;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string message = config::problems(all[i].text);
    if (message.empty()) {
      // Values that a key may have: a rate of 1e30, a seed of 0.
      INFO(all[i].key << ": " << all[i].kind << "\n" << all[i].text);
      CHECK((all[i].kind == "negative" || all[i].kind == "0" || all[i].kind == "1e30" || all[i].kind == "2^63" ||
             all[i].kind == "\"NaN\""));
      ++accepted;
      continue;
    }
    refused.push_back(i);
    if (!is_good(all[i], message))
      poor += fmt::format("{}: {}\n{}\n{}\n", all[i].key, all[i].kind, all[i].text, message);
  }
  INFO(poor);
  CHECK(poor.empty());

  // The program itself, on fifty of them: exit code 2, no run directory, and the message to be read.
  const TemporaryDirectory place;
  const std::string file = (place / "a.json").string();
  const std::string run = (place / "run").string();
  Random random({.seed = 50, .stream = stream_id("faults.mutations")});
  random.shuffle(std::span<std::size_t>(refused));
  for (std::size_t i = 0; i < std::min<std::size_t>(50, refused.size()); ++i) {
    const Mutation& mutation = all[refused[i]];
    spill(file, mutation.text);
    const Finished finished = run_headlight({"train", file, "--run-dir", run});
    CHECK(finished.status == 2);
    CHECK_FALSE(std::filesystem::exists(run));
    note(fmt::format("--- {} of `{}`\n{}", mutation.kind, mutation.key, finished.err));
  }
  note(fmt::format("mutations: {} in all, {} refused, {} accepted as values that the key may have", all.size(),
                   refused.size(), accepted));
}
