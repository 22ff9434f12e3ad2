#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/plugin.h"
#include "apps/training/stop_signals.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/words.h"

namespace headlight {
namespace {

void say_error(std::string_view text) {
  const bool marked = text.starts_with("error:");
  const bool ended = text.ends_with('\n');
  std::fputs(fmt::format("{}{}{}", marked ? "" : "error: ", text, ended ? "" : "\n").c_str(), stderr);
}

void add_global_options(CLI::App& program, GlobalOptions& global) {
  CLI::Option* const quiet = program.add_flag("-q,--quiet", global.quiet, "say nothing on stderr but errors");
  program.add_flag("-v,--verbose", global.verbose, "tell of every parameter and every file saved")->excludes(quiet);
  program.add_option("--color", global.color, "colours in maps: auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  program.add_option("--log-format", global.log_format, "progress as auto, bar, plain or json")
      ->check(CLI::IsMember({"auto", "bar", "plain", "json"}));
  program.add_option("--threads", global.threads, "threads to compute with; results do not depend on it")
      ->check(CLI::Range(std::size_t{1}, kMaximumThreads));
  program.add_option("--plugin", global.plugins, "shared library with layers of your own (may be given again)")
      ->allow_extra_args(false);
  program.set_version_flag("-V,--version", "headlight " HEADLIGHT_VERSION, "print the version");
  program.set_help_flag("-h,--help", "print this help");
}

/// All options that may stand in the place of one that is not known.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    }
  }
  return names;
}

/// The innermost subcommand that was given.
const CLI::App& innermost(const CLI::App& app) {
  const std::vector<CLI::App*> given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.front());
}

/// "headlight train": as the command is called.
std::string called(const CLI::App& command) {
  return command.get_parent() == nullptr ? "headlight" : called(*command.get_parent()) + " " + command.get_name();
}

[[noreturn]] void refuse_word(const CLI::App& program, const std::string& word) {
  const CLI::App& command = innermost(program);
  const bool option = word.size() > 1 && word.front() == '-';
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  if (option) {
    known = option_names(command);
  } else {
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(sub->get_name());
    }
  }
  const std::string match = nearest_word(name, known);
  const std::string where = called(command);
  const char* const kind = option ? "option" : known.empty() ? "argument" : "command";
  raise<ConfigError>(where, fmt::format("unknown {} `{}`", kind, name),
                     match.empty() ? "" : fmt::format("did you mean `{}`?", match), "see `" + where + " --help`");
}

int run(int argc, char** argv) {
  CLI::App program("Trains toy Transformers and shows the attention they learn.", "headlight");
  GlobalOptions global;
  add_global_options(program, global);
  std::vector<Command> commands;
  for (const auto add :
       {add_init, add_train, add_resume, add_eval, add_generate, add_show, add_inspect, add_view, add_serve, add_export,
        add_compare, add_runs, add_check, add_config, add_tasks, add_layers, add_info, add_completion, add_version}) {
    commands.push_back(add(program, global));
  }
  // What nobody knows is collected, so that the message can say what was meant.
  program.allow_extras();
  for (const Command& command : commands) {
    command.parser->fallthrough()->allow_extras();
    for (CLI::App* nested : command.parser->get_subcommands({})) nested->fallthrough()->allow_extras();
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);
    const std::vector<std::string> unknown = program.remaining(true);
    if (!unknown.empty()) refuse_word(program, unknown.front());
    const std::string where = called(innermost(program));
    throw ConfigError(fmt::format("{0}: {1}; see `{0} --help`", where, error.what()));
  }
  const std::vector<std::string> unknown = program.remaining(true);
  if (!unknown.empty()) refuse_word(program, unknown.front());
  if (global.threads) set_thread_count(*global.threads);
  for (const std::string& plugin : global.plugins) load_plugin(plugin);
  for (const Command& command : commands) {
    if (command.parser->parsed()) return command.run();
  }
  std::cerr << program.help();
  return kUsage;
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  using namespace headlight;
  ignore_write_signals();
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc& error) {
    say_error("out of memory; a smaller model or batch_size needs less");
    return exit_code_of(error);
  } catch (const std::exception& error) {
    say_error(error.what());
    return exit_code_of(error);
  }
}
