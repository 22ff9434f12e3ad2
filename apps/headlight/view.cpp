#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/view_sources.h"
#include "apps/page/page.h"
#include "apps/training/run_directory.h"
#include "core/error.h"
#include "core/io/file.h"

namespace headlight {
namespace {

struct ViewArguments {
  std::vector<std::string> runs{};
  std::string output{};
  std::uint64_t max_size = PageOptions{}.max_size;
  std::vector<std::uint64_t> exact_steps{};
};

/// A step that was asked for must be a snapshot of one of the runs.
void check_exact_steps(const std::vector<std::uint64_t>& wanted, const std::vector<ViewRun>& runs) {
  for (const std::uint64_t step : wanted) {
    const bool known = std::any_of(runs.begin(), runs.end(), [step](const ViewRun& run) {
      return std::binary_search(run.steps.begin(), run.steps.end(), step);
    });
    if (known) continue;
    std::vector<std::uint64_t> steps;
    for (const ViewRun& run : runs) steps.insert(steps.end(), run.steps.begin(), run.steps.end());
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    raise<ConfigError>("--exact-steps", fmt::format("there is no snapshot of step {}", step), {},
                       steps.empty() ? "the run recorded no attention"
                                     : fmt::format("there are snapshots of the steps {}", fmt::join(steps, ", ")));
  }
}

int view_runs(const ViewArguments& arguments, const GlobalOptions& global) {
  if (arguments.max_size > kLargestPage) {
    raise<ConfigError>("--max-size", "no browser opens a page of this size well",
                       fmt::format("{} bytes", arguments.max_size),
                       fmt::format("at most {} bytes (256 MiB)", kLargestPage));
  }
  std::vector<std::filesystem::path> directories;
  std::vector<ViewRun> runs;
  for (const std::string& given : arguments.runs) {
    directories.push_back(find_run(given));
    RunReader reader = open_run_reader(directories.back(), arguments.exact_steps, kCodesPerByte * arguments.max_size);
    reader.update();
    runs.push_back(reader.take());
  }
  check_exact_steps(arguments.exact_steps, runs);
  for (const ViewRun& run : runs) {
    for (const std::string& sentence : run.notes) print_note(global, fmt::format("note: {}: {}\n", run.name, sentence));
  }
  const ViewPage page = view_page(std::move(runs), {.max_size = arguments.max_size,
                                                    .facts = {.generator = page_generator(), .created = page_time()}});
  for (const std::string& sentence : page.dropped) print_note(global, "note: " + sentence + "\n");
  std::filesystem::path output = arguments.output;
  if (output.empty()) output = directories.size() == 1 ? directories[0] / kPageFile : kPageFile;
  write_file_atomically(output, page.html);
  print_result(output.string() + "\n");
  return kOk;
}

}  // namespace

Command add_view(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app =
      program.add_subcommand("view", "writes one HTML file that shows runs: maps over training, heads, curves");
  const auto arguments = std::make_shared<ViewArguments>();
  app->add_option("RUN", arguments->runs, "directories of runs, or of runs with a file `latest`")->required();
  app->add_option("-o,--output", arguments->output,
                  "the file (default: view.html in the run's directory; of several runs, in the working directory)");
  app->add_option("--max-size", arguments->max_size,
                  "the largest file, such as 16MiB; what is more is left out, and said (default: 16MiB)")
      ->transform(CLI::AsSizeValue(false));
  app->add_option("--exact-steps", arguments->exact_steps,
                  "snapshots whose weights are kept in full precision, as those of the last one are")
      ->delimiter(',');
  return {app, [arguments, &global] { return view_runs(*arguments, global); }};
}

}  // namespace headlight
