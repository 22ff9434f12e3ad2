#include "apps/reproduce/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "apps/reproduce/measure.h"
#include "core/error.h"
#include "core/io/file.h"

namespace headlight::reproduce {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLargestPlan = std::uint64_t{1} << 20U;
constexpr std::size_t kLongestText = 1'000'000'000;  // in characters
constexpr std::size_t kLongestLine = 16;             // of an item, with the line end

/// Reads the keys of an object and refuses what is left over.
class Reader {
 public:
  Reader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json_.is_object()) refuse("it is no object");
  }

  [[noreturn]] void refuse(const std::string& what) const { raise<ConfigError>("reproduction", what, place_); }

  template <class T>
  T get(const char* key) {
    if (!json_.contains(key)) refuse(fmt::format("`{}` is missing", key));
    return value<T>(key);
  }
  template <class T>
  T get(const char* key, T otherwise) {
    return json_.contains(key) ? value<T>(key) : otherwise;
  }
  std::optional<double> number(const char* key) {
    return json_.contains(key) ? std::optional(value<double>(key)) : std::nullopt;
  }
  const Json* find(const char* key) {
    read_.insert(key);
    return json_.contains(key) ? &json_.at(key) : nullptr;
  }
  const Json& list(const char* key) {
    read_.insert(key);
    if (!json_.contains(key) || !json_.at(key).is_array()) refuse(fmt::format("`{}` must be a list", key));
    return json_.at(key);
  }
  void finish() const {
    for (const auto& item : json_.items()) {
      if (read_.count(item.key()) == 0) refuse(fmt::format("unknown key `{}`", item.key()));
    }
  }

 private:
  template <class T>
  T value(const char* key) {
    read_.insert(key);
    try {
      return json_.at(key).get<T>();
    } catch (const Json::exception&) {
      refuse(fmt::format("`{}` is of the wrong type", key));
    }
  }

  const Json& json_;
  std::string place_;
  std::set<std::string> read_;
};

Check read_check(const Json& json, const std::string& entry) {
  Reader reader(json, entry);
  Check check;
  check.what = reader.get<std::string>("what");
  check.published = reader.get<std::string>("published", "-");
  check.measure = reader.get<std::string>("measure");
  check.at_least = reader.number("at_least");
  check.at_most = reader.number("at_most");
  check.slack = reader.get<double>("slack", 0);
  check.scale = reader.get<double>("scale", 1);
  check.unit = reader.get<std::string>("unit", "");
  check.at_least_of = reader.get<std::string>("at_least_of", "");
  if (check.at_least && !check.at_least_of.empty()) reader.refuse("`at_least` and `at_least_of` say two things");
  if (!check.at_least && !check.at_most && check.at_least_of.empty()) {
    reader.refuse("a check needs `at_least`, `at_least_of` or `at_most`");
  }
  reader.finish();
  check_measure(check.measure);
  return check;
}

/// The recipe under the key of its kind.
TextRecipe read_text(const Json& json, TextKind kind, const std::string& entry) {
  Reader reader(json, fmt::format("{}, `{}`", entry, name_of(kind)));
  const char* const unit = kind == TextKind::lines ? "items" : "characters";
  const std::size_t most = kind == TextKind::lines ? kLongestText / kLongestLine : kLongestText;
  const TextRecipe text{.kind = kind, .seed = reader.get<std::uint64_t>("seed"), .size = reader.get<std::size_t>(unit)};
  if (text.size == 0 || text.size > most) reader.refuse(fmt::format("`{}` must be from 1 to {}", unit, most));
  reader.finish();
  return text;
}

Entry read_entry(const Json& json, const std::filesystem::path& directory) {
  const std::string name = json.is_object() && json.contains("name") && json["name"].is_string()
                               ? json["name"].get<std::string>()
                               : std::string("an entry without a name");
  Reader reader(json, name);
  Entry entry;
  entry.name = reader.get<std::string>("name");
  entry.config = directory / reader.get<std::string>("config");
  entry.overrides = reader.get<std::vector<std::string>>("overrides", {});
  entry.seeds = reader.get<std::vector<std::uint64_t>>("seeds");
  entry.source = reader.get<std::string>("source");
  entry.input = reader.get<std::string>("input", "");
  const Json* const text = reader.find("text");
  const Json* const lines = reader.find("lines");
  if (text != nullptr && lines != nullptr) reader.refuse("`text` and `lines` say two things");
  if (text != nullptr) entry.text = read_text(*text, TextKind::text, name);
  if (lines != nullptr) entry.text = read_text(*lines, TextKind::lines, name);
  for (const Json& check : reader.list("checks")) entry.checks.push_back(read_check(check, name));
  if (entry.seeds.empty()) reader.refuse("an entry needs seeds");
  reader.finish();
  return entry;
}

}  // namespace

std::vector<Entry> read_plan(const std::filesystem::path& path) {
  const Json json = Json::parse(read_file(path, kLargestPlan), nullptr, false, true);
  if (!json.is_array()) raise<ConfigError>("reproduction", "the plan must be a list of entries", path.string());
  std::vector<Entry> entries;
  std::set<std::string> names;
  for (const Json& item : json) {
    entries.push_back(read_entry(item, path.parent_path()));
    if (!names.insert(entries.back().name).second) {
      raise<ConfigError>("reproduction", "two entries have one name", entries.back().name);
    }
  }
  std::set<std::string> compared;
  for (const Entry& entry : entries) {
    for (const Check& check : entry.checks) {
      if (check.at_least_of.empty()) continue;
      if (check.at_least_of == entry.name || names.count(check.at_least_of) == 0) {
        raise<ConfigError>("reproduction", "`at_least_of` names no other entry: `" + check.at_least_of + "`",
                           entry.name);
      }
      compared.insert(check.at_least_of);
    }
  }
  for (const Entry& entry : entries) {
    if (entry.checks.empty() && compared.count(entry.name) == 0) {
      raise<ConfigError>("reproduction", "an entry needs checks, unless another one is compared with it", entry.name);
    }
  }
  return entries;
}

bool meets(const Check& check, double value, double slack) {
  const bool enough = !check.at_least || value >= *check.at_least - slack;
  const bool few = !check.at_most || value <= *check.at_most + slack;
  return enough && few;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool passes(const Check& check, const std::vector<double>& values) {
  return meets(check, median(values), 0) &&
         std::all_of(values.begin(), values.end(), [&](double value) { return meets(check, value, check.slack); });
}

}  // namespace headlight::reproduce
