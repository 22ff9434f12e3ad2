#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/config/schema.h"
#include "apps/headlight/command.h"
#include "apps/headlight/starters.h"
#include "core/error.h"

namespace headlight {
namespace {

std::string joined(const std::vector<std::string>& words) { return fmt::to_string(fmt::join(words, " ")); }

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

/// "section.key=" of every key that holds a value, and the short names.
std::vector<std::string> override_words() {
  std::vector<std::string> words;
  for (const config::schema::Key& key : config::schema::table()) {
    const bool section = key.type.kind == config::schema::Type::Kind::kObject;
    if (section || key.path.find('[') != std::string::npos || key.path == "$schema") continue;
    words.push_back(key.path + "=");
    if (!key.alias.empty()) words.push_back(key.alias + "=");
  }
  return words;
}

/// What may stand behind a subcommand: its options, those of the program, and its words.
struct Words {
  std::string command;
  std::string words;
};

std::vector<Words> words_of(const CLI::App& program) {
  const std::string global = joined(options_of(program));
  std::vector<Words> all;
  for (const CLI::App* sub : program.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> own = options_of(*sub);
    for (const std::string& nested : commands_of(*sub)) own.push_back(nested);
    const std::string& name = sub->get_name();
    if (name == "train" || name == "resume" || name == "config" || name == "check") {
      for (const std::string& word : override_words()) own.push_back(word);
    }
    if (name == "init") {
      for (const Starter& starter : starters()) own.emplace_back(starter.name);
    }
    if (name == "completion") {
      for (const char* shell : {"bash", "zsh", "fish"}) own.emplace_back(shell);
    }
    all.push_back({name, joined(own) + " " + global});
  }
  return all;
}

/// The function that both bash and zsh (through bashcompinit) complete with.
std::string bash_script(const CLI::App& program) {
  std::string cases;
  for (const Words& one : words_of(program)) {
    cases += fmt::format("    {}) words=\"{}\" ;;\n", one.command, one.words);
  }
  return fmt::format(R"(_headlight() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} command= word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    # The value of an option is no command.
    case $word in {}) command=$word; break ;; esac
  done
  case $command in
{}    *) words="{} {}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
  [[ ${{#COMPREPLY[@]}} != 1 || ${{COMPREPLY[0]}} != *= ]] || compopt -o nospace 2>/dev/null
}}
complete -o filenames -F _headlight headlight
)",
                     fmt::join(commands_of(program), "|"), cases, joined(commands_of(program)),
                     joined(options_of(program)));
}

std::string fish_script(const CLI::App& program) {
  std::string script = "complete -c headlight -n __fish_use_subcommand -f\n";
  for (const CLI::App* sub : program.get_subcommands([](const CLI::App*) { return true; })) {
    script += fmt::format("complete -c headlight -n __fish_use_subcommand -a {} -d '{}'\n", sub->get_name(),
                          sub->get_description());
  }
  for (const Words& one : words_of(program)) {
    script +=
        fmt::format("complete -c headlight -n '__fish_seen_subcommand_from {}' -a '{}'\n", one.command, one.words);
  }
  return script;
}

std::string script_for(const std::string& shell, const CLI::App& program) {
  if (shell == "bash") return bash_script(program);
  if (shell == "fish") return fish_script(program);
  return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(program);
}

}  // namespace

Command add_completion(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app =
      program.add_subcommand("completion",
                             "shell completion: put `source <(headlight completion bash)` into ~/.bashrc");
  const auto shell = std::make_shared<std::string>();
  app->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return {app, [shell, &program] {
            print_result(script_for(*shell, program));
            return static_cast<int>(kOk);
          }};
}

}  // namespace headlight
