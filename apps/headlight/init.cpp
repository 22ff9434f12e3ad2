#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/starters.h"
#include "core/error.h"
#include "core/io/directory.h"
#include "core/io/file.h"
#include "core/words.h"

namespace headlight {
namespace {

struct InitArguments {
  std::string name;
  std::string output;
};

const Starter& find_starter(const std::string& name) {
  std::vector<std::string> names;
  for (const Starter& starter : starters()) {
    if (starter.name == name) return starter;
    names.emplace_back(starter.name);
  }
  const std::string match = nearest_word(name, names);
  raise<ConfigError>("headlight init", fmt::format("there is no starter `{}`", name),
                     match.empty() ? "" : fmt::format("did you mean `{}`?", match),
                     fmt::format("take one of {}", fmt::join(names, ", ")));
}

/// What a starter whose examples come from a file of the user needs besides.
std::string missing_keys(const std::string& task) {
  if (task == "text" || task == "lines") return " task.path=FILE";
  return task == "jsonl" ? " task.train_file=FILE" : "";
}

int write_starter(const InitArguments& arguments, const GlobalOptions& global) {
  const Starter& starter = find_starter(arguments.name);
  if (arguments.output.empty()) {
    print_result(starter.text);
    return kOk;
  }
  const std::filesystem::path path = arguments.output;
  if (path_exists(path)) {
    raise<ConfigError>(path.string(), "the file is there already", {}, "nothing was changed; choose another name");
  }
  const std::filesystem::path directory = path.parent_path();
  if (!directory.empty() && !std::filesystem::is_directory(directory)) {
    raise<ConfigError>(path.string(), "there is no directory " + directory.string(), {},
                       "make it first, or choose another place");
  }
  write_file_atomically(path, starter.text);
  print_note(global, fmt::format("wrote {}; to train it: headlight train {}{}\n", path.string(), path.string(),
                                 missing_keys(arguments.name)));
  return kOk;
}

}  // namespace

Command add_init(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app =
      program.add_subcommand("init", "a commented config to start from: the published settings of a task");
  const auto arguments = std::make_shared<InitArguments>();
  app->add_option("TASK", arguments->name, "a task, or another config of data/configs")->required();
  app->add_option("-o,--output", arguments->output, "file to write; without it the config goes to stdout");
  return {app, [arguments, &global] { return write_starter(*arguments, global); }};
}

}  // namespace headlight
