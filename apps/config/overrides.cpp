#include "apps/config/overrides.h"

#include <fmt/format.h>

#include "apps/config/schema.h"

namespace headlight::config::schema {

namespace {

struct Step {
  std::string name;
  Place place;
};

std::vector<Step> split(const std::string& path, const Place& whole) {
  std::vector<Step> steps;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    steps.push_back({.name = path.substr(begin, end - begin), .place = {whole.source, begin, end}});
    begin = end + 1;
  }
  return steps;
}

Node read_value(const Source& argument, std::size_t begin) {
  std::vector<Problem> not_json;
  auto value = read_located(argument, begin, Comments::kForbidden, not_json);
  if (value && not_json.empty()) return std::move(*value);
  Node text;
  text.kind = Node::Kind::kText;
  text.scalar = argument.text.substr(begin);
  text.value = {&argument, begin, argument.text.size()};
  return text;
}

}  // namespace

std::optional<Node> read_override(const Source& argument, std::vector<ResolvedAlias>& aliases,
                                  std::vector<Problem>& problems) {
  const Place whole{&argument, 0, argument.text.size()};
  const auto refuse = [&](const char* what, const Place& place) {
    problems.push_back(
        {.what = what, .place = place, .help = "an override is written section.key=value, like optimizer.lr=1e-3"});
    return std::nullopt;
  };
  if (find_invalid_utf8(argument.text) != std::string_view::npos) return refuse("an override that is not UTF-8", whole);
  const std::size_t equals = argument.text.find('=');
  if (equals == std::string::npos) return refuse("an override without `=`", whole);

  const std::string path = argument.text.substr(0, equals);
  const Place key{&argument, 0, equals};
  std::vector<Step> steps = split(path, key);
  for (const Step& step : steps) {
    if (step.name.empty()) return refuse("an override with an empty key", {&argument, 0, equals + 1});
  }
  if (steps.size() > kDeepestNesting) return refuse("an override with too many keys", key);
  if (const Key* row = find_alias(path); row != nullptr && tree().find(path) == nullptr) {
    aliases.push_back({.alias = path, .path = row->path});
    steps = split(row->path, key);
    for (Step& step : steps) step.place = key;
  }

  Node node = read_value(argument, equals + 1);
  node.removes = node.kind == Node::Kind::kNull;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    node.name = step->name;
    node.key = step->place;
    Node around;
    around.kind = Node::Kind::kObject;
    around.path_step = true;
    around.value = whole;
    around.key = whole;
    around.children.push_back(std::move(node));
    node = std::move(around);
  }
  return node;
}

}  // namespace headlight::config::schema
