#include "apps/config/read.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>

#include "apps/config/checks.h"
#include "apps/config/merge.h"
#include "apps/config/overrides.h"
#include "apps/config/resolve.h"
#include "core/error.h"

namespace headlight::config {

namespace {

using schema::Node;
using schema::Problem;
using schema::Source;

/// Nodes point into the sources, so these must not move.
using Sources = std::deque<Source>;

}  // namespace

class Origin {
 public:
  Origin(Sources sources, Node given) : sources_(std::move(sources)), given_(std::move(given)) {}

  Config resolve(const DataSizes& sizes) const {
    schema::Report report;
    Config config = schema::resolve(given_, sizes, report);
    if (!report.problems.empty()) throw ConfigError(schema::format(std::move(report.problems), order()));
    return config;
  }

  bool says(const std::string& path) const { return schema::find_node(given_, path) != nullptr; }

  std::string explain(const std::vector<Mistake>& mistakes) const {
    std::vector<Problem> problems;
    problems.reserve(mistakes.size());
    for (const Mistake& mistake : mistakes) {
      problems.push_back({.what = mistake.what, .place = place(mistake), .help = mistake.help});
    }
    return schema::format(std::move(problems), order());
  }

 private:
  std::vector<const Source*> order() const {
    std::vector<const Source*> order;
    order.reserve(sources_.size());
    for (const Source& source : sources_) order.push_back(&source);
    return order;
  }

  schema::Place place(const Mistake& mistake) const {
    const Node* node = schema::find_node(given_, mistake.path);
    if (node == nullptr && mistake.at == Mistake::At::kMissing) {
      node = schema::find_node(given_, mistake.path.substr(0, mistake.path.rfind('.')));
      if (node != nullptr) return first_byte(node->value);
    }
    if (node == nullptr) return schema::place_of(given_, mistake.path);
    if (mistake.at == Mistake::At::kKey) return node->key;
    // Of a whole layer its type is shown: its braces may stand many lines apart.
    if (const Node* type = node->find("type"); type != nullptr) return type->value;
    const bool brackets = node->kind == Node::Kind::kObject || node->kind == Node::Kind::kList;
    return brackets ? first_byte(node->value) : node->value;
  }

  static schema::Place first_byte(const schema::Place& place) { return {place.source, place.begin, place.begin + 1}; }

  Sources sources_;
  Node given_;
};

LoadedConfig measured(const LoadedConfig& loaded, const DataSizes& sizes) {
  LoadedConfig known = loaded;
  known.config = loaded.origin->resolve(sizes);
  return known;
}

std::string explain(const Origin& origin, const std::vector<Mistake>& mistakes) { return origin.explain(mistakes); }

bool says(const Origin& origin, const std::string& path) { return origin.says(path); }

namespace {

class Reader {
 public:
  void add_file(const std::filesystem::path& path) {
    Source& source = sources_.emplace_back(Source{.name = path.string(), .text = {}, .directory = path.parent_path()});
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    std::array<char, 65536> block{};
    while (file && source.text.size() <= schema::kLargestText) {
      const std::size_t count = std::fread(block.data(), 1, block.size(), file.get());
      source.text.append(block.data(), count);
      if (count == 0) break;
    }
    if (!file || std::ferror(file.get()) != 0) {
      const std::string reason = std::strerror(errno);
      unreadable(
          {.what = fmt::format("cannot read {}: {}", schema::as_key(path.string()), reason), .place = {}, .help = {}});
      return;
    }
    add_text(source);
  }

  void add_text(const ConfigText& text) {
    add_text(sources_.emplace_back(Source{.name = text.name, .text = text.text, .directory = text.directory}));
  }

  void add_override(const std::string& argument) {
    const Source& source = sources_.emplace_back(
        Source{.name = "<command line>", .text = argument, .directory = {}, .command_line = true});
    if (argument.size() > schema::kLargestText) {
      unreadable({.what = "an override larger than 1 MiB", .place = {}, .help = "put it into a file"});
    } else if (auto node = schema::read_override(source, loaded_.aliases, report_.problems)) {
      roots_.push_back(std::move(*node));
    }
  }

  LoadedConfig finish() {
    throw_problems(!readable_);
    const schema::Selection selection = schema::select(roots_);
    Node given;
    given.kind = Node::Kind::kObject;
    if (!roots_.empty() && !roots_.front().path_step) given.value = roots_.front().value;
    for (Node& root : roots_) {
      schema::validate(root, selection, report_);
      schema::merge(given, root, report_);
    }
    loaded_.config = schema::resolve(given, std::nullopt, report_);
    throw_problems(!report_.problems.empty());
    loaded_.origin = std::make_shared<const Origin>(std::move(sources_), std::move(given));
    return std::move(loaded_);
  }

 private:
  void add_text(const Source& source) {
    if (source.text.size() > schema::kLargestText) {
      unreadable({.what = fmt::format("{} is larger than 1 MiB", schema::as_key(source.name)),
                  .place = {},
                  .help = "a config is a short text; is this the right file?"});
      return;
    }
    auto root = schema::read_located(source, 0, schema::Comments::kAllowed, report_.problems);
    if (!root) {
      readable_ = false;
    } else if (root->kind != Node::Kind::kObject) {
      unreadable(
          {.what = "a config must be an object", .place = root->value, .help = "write `{ \"task\": { ... }, ... }`"});
    } else {
      roots_.push_back(std::move(*root));
    }
  }

  void unreadable(Problem problem) {
    report_.problems.push_back(std::move(problem));
    readable_ = false;
  }

  void throw_problems(bool when) {
    if (!when) return;
    std::vector<const Source*> order;
    order.reserve(sources_.size());
    for (const Source& source : sources_) order.push_back(&source);
    throw ConfigError(schema::format(std::move(report_.problems), order));
  }

  Sources sources_;
  std::vector<Node> roots_;
  schema::Report report_;
  LoadedConfig loaded_;
  bool readable_ = true;
};

}  // namespace

LoadedConfig read_config(const std::vector<std::filesystem::path>& files, const std::vector<std::string>& overrides) {
  Reader reader;
  for (const std::filesystem::path& file : files) reader.add_file(file);
  for (const std::string& argument : overrides) reader.add_override(argument);
  return reader.finish();
}

LoadedConfig read_config_text(const std::vector<ConfigText>& texts, const std::vector<std::string>& overrides) {
  Reader reader;
  for (const ConfigText& text : texts) reader.add_text(text);
  for (const std::string& argument : overrides) reader.add_override(argument);
  return reader.finish();
}

}  // namespace headlight::config
