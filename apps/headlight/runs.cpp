#include <fmt/format.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/run_facts.h"
#include "core/error.h"

namespace headlight {
namespace {

std::string share(const std::optional<double>& value) { return value ? fmt::format("{:.2f} %", 100 * *value) : "-"; }

std::string line(const std::filesystem::path& directory) {
  RunFacts facts;
  try {
    facts = read_run_facts(directory);
  } catch (const Error& error) {
    return fmt::format("{}  unreadable: {}\n", directory.string(), error.what());
  }
  // How many updates an epoch has is not known where the examples come from files.
  const std::uint64_t total = config::total_steps(facts.config);
  const std::string steps =
      fmt::format("{}/{}", facts.step ? std::to_string(*facts.step) : "-", total > 0 ? std::to_string(total) : "?");
  const auto loss = facts.newest ? fmt::format("{:.4f}", facts.newest->loss) : "-";
  return fmt::format("{:<9} {:>15}  {:>9}  {:>9}  {:>9}  {}\n", facts.status, steps, loss,
                     share(facts.newest ? facts.newest->tok_acc : std::nullopt),
                     share(facts.newest ? facts.newest->seq_acc : std::nullopt), directory.string());
}

int list_runs(const std::string& root, const GlobalOptions& global) {
  if (!std::filesystem::is_directory(root)) {
    raise<ConfigError>("headlight runs", "`" + root + "` is no directory", {},
                       "give a directory of runs, such as the `output.root` of your configs");
  }
  const std::vector<std::filesystem::path> runs = find_runs(root);
  if (runs.empty()) {
    print_note(global, "no run below " + root + "\n");
    return kOk;
  }
  std::string table = fmt::format("{:<9} {:>15}  {:>9}  {:>9}  {:>9}  {}\n", "status", "step", "loss", "tok_acc",
                                  "seq_acc", "directory");
  for (const std::filesystem::path& run : runs) table += line(run);
  print_result(table);
  return kOk;
}

}  // namespace

Command add_runs(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app =
      program.add_subcommand("runs", "the runs below a directory, with their newest held-out figures");
  const auto root = std::make_shared<std::string>("runs");
  app->add_option("DIR", *root, "directory of runs (default: runs)");
  return {app, [root, &global] { return list_runs(*root, global); }};
}

}  // namespace headlight
