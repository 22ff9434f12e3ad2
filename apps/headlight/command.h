#pragma once

#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/inspect/color_mode.h"
#include "apps/inspect/terminal.h"

namespace CLI {
class App;
}

namespace headlight {

/// What the program says to its caller. A run that was stopped by a signal ends with 128 + signal: 130, 143 or 129.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,  ///< command line, config or data; nothing has been done where no run had begun
  kDiverged = 3,
  kSignalBase = 128,
};

/// With which code the program ends when this is thrown.
ExitCode exit_code_of(const std::exception& error);

/// Options that stand before or after any subcommand.
struct GlobalOptions {
  bool quiet = false;
  bool verbose = false;
  std::string color = "auto";
  std::string log_format = "auto";
  std::optional<std::size_t> threads{};
  std::vector<std::string> plugins{};  ///< shared libraries with a user's layers
};

/// A subcommand: how it is parsed, and what runs it.
struct Command {
  CLI::App* parser;
  std::function<int()> run;
};

// Each adds its subcommand to the program. `global` is filled before run() is called.
Command add_init(CLI::App& program, const GlobalOptions& global);
Command add_train(CLI::App& program, const GlobalOptions& global);
Command add_resume(CLI::App& program, const GlobalOptions& global);
Command add_eval(CLI::App& program, const GlobalOptions& global);
Command add_generate(CLI::App& program, const GlobalOptions& global);
Command add_show(CLI::App& program, const GlobalOptions& global);
Command add_view(CLI::App& program, const GlobalOptions& global);
Command add_serve(CLI::App& program, const GlobalOptions& global);
Command add_inspect(CLI::App& program, const GlobalOptions& global);
Command add_export(CLI::App& program, const GlobalOptions& global);
Command add_compare(CLI::App& program, const GlobalOptions& global);
Command add_runs(CLI::App& program, const GlobalOptions& global);
Command add_check(CLI::App& program, const GlobalOptions& global);
Command add_config(CLI::App& program, const GlobalOptions& global);
Command add_tasks(CLI::App& program, const GlobalOptions& global);
Command add_layers(CLI::App& program, const GlobalOptions& global);
Command add_info(CLI::App& program, const GlobalOptions& global);
Command add_completion(CLI::App& program, const GlobalOptions& global);
Command add_version(CLI::App& program, const GlobalOptions& global);

/// Writes a result to stdout at once. Throws FileError when it cannot be written; a reader that has gone is no error.
void print_result(std::string_view text);

/// Writes a message to stderr unless --quiet was given.
void print_note(const GlobalOptions& global, std::string_view text);

/// How maps are drawn on stdout.
TerminalStyle terminal_style(const GlobalOptions& global);

/// Config files and overrides as they stand mixed on a command line: what holds a `=` and is no file is an override.
struct ConfigArguments {
  std::vector<std::filesystem::path> files{};
  std::vector<std::string> overrides{};
};
ConfigArguments sort_arguments(const std::vector<std::string>& arguments);

}  // namespace headlight
