#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/config/difference.h"
#include "apps/config/read.h"
#include "apps/reproduce/figures.h"
#include "apps/reproduce/generated_text.h"
#include "apps/reproduce/plan.h"
#include "apps/reproduce/program.h"
#include "apps/reproduce/table.h"
#include "apps/tasks/registry.h"
#include "apps/training/json_file.h"
#include "apps/training/run_directory.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/processors.h"
#include "core/words.h"

namespace headlight::reproduce {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> entries;
  std::string plan = HEADLIGHT_DATA "/reproduction.json";
  std::string root = "runs/reproduce";
  std::string results = HEADLIGHT_DATA "/results.md";
  bool list = false;
};

fs::path headlight() { return fs::read_symlink("/proc/self/exe").parent_path() / "headlight"; }

fs::path directory_of(const Arguments& arguments, const Entry& entry, std::uint64_t seed) {
  return fs::path(arguments.root) / fmt::format("{}-seed{}", entry.name, seed);
}

/// The figures themselves, beside the page that shows them.
fs::path record_path(const Arguments& arguments) { return fs::path(arguments.results).replace_extension(".json"); }

bool is_finished(const fs::path& run) {
  const fs::path record = run / kRunRecordFile;
  return fs::exists(record) && text_member(read_json_file(record), "status", record) == "finished";
}

/// Writes the text that the entry's runs read, if they read one.
void provide_text(const Arguments& arguments, const Entry& entry) {
  if (entry.text) write_generated_text(arguments.root, *entry.text);
}

std::vector<std::string> overrides_of(const Arguments& arguments, const Entry& entry, std::uint64_t seed) {
  std::vector<std::string> words{fmt::format("seed={}", seed)};
  if (entry.text) {
    words.push_back(fmt::format("task.path={}", generated_text_path(arguments.root, *entry.text).string()));
  }
  words.insert(words.end(), entry.overrides.begin(), entry.overrides.end());
  return words;
}

/// What is wrong with the run directory: that it was trained with another config than the entry has now (`overrides` are
/// those of a run that begins). Empty when nothing is. Throws ConfigError when a config is wrong in itself.
std::string fault_of(const Entry& entry, const std::vector<std::string>& overrides, const fs::path& run) {
  const auto resolved = [](const fs::path& file, const std::vector<std::string>& words) {
    config::LoadedConfig loaded = config::read_config({file}, words);
    make_task(loaded);  // completes it with what follows from a text's size, as a run's config is
    return config::to_json(loaded.config);
  };
  const auto changes = config::differences(resolved(run / "config.json", {}), resolved(entry.config, overrides));
  if (changes.empty()) return {};
  const config::Difference& first = changes.front();
  return fmt::format(
      "{}: the run was made with another config than the plan has now; `{}` is {} there and {} now; remove the "
      "directory "
      "to train it anew",
      run.string(), first.path, first.first, first.second);
}

/// Trains, or goes on, until the run is finished. Throws StateError when it ends otherwise.
void train(const Entry& entry, const std::vector<std::string>& overrides, const fs::path& run) {
  std::vector<std::string> words;
  if (fs::exists(run / "config.json")) {
    words = {"resume", run.string()};
  } else {
    words = {"train", entry.config.string(), "--run-dir", run.string()};
    words.insert(words.end(), overrides.begin(), overrides.end());
  }
  const Ended ended = run_program(headlight(), words);
  if (ended.code == 0 && is_finished(run)) return;
  raise<StateError>("reproduction", fmt::format("`headlight {}` ended with {}", fmt::join(words, " "), ended.code), {},
                    "its messages stand above; the next call goes on from its last checkpoint");
}

/// Seconds that the run was at work, over all its processes: the gaps between them do not count.
double seconds_of(const fs::path& metrics) {
  double total = 0;
  double before = -1;
  std::ifstream file(metrics);
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json row = nlohmann::json::parse(line, nullptr, false);
    const double time = row.is_object() ? row.value("time", 0.0) : 0;
    if (time == 0) continue;
    if (before >= 0 && !row.contains("event")) total += time - before;
    before = time;
  }
  return total;
}

/// What a command of Headlight prints. Throws StateError when it fails.
std::string output_of(const std::vector<std::string>& words) {
  const Ended ended = run_program(headlight(), words);
  if (ended.code != 0) raise<StateError>("reproduction", fmt::format("`headlight {}` failed", fmt::join(words, " ")));
  return ended.output;
}

RunResult result_of(const Entry& entry, const fs::path& run) {
  RunResult result{.rows = read_metrics(run / "metrics.jsonl"),
                   .evaluation = output_of({"eval", run.string(), "--json"}),
                   .seconds = seconds_of(run / "metrics.jsonl")};
  if (!entry.input.empty()) result.generated = output_of({"generate", run.string(), "--input", entry.input});
  return result;
}

/// "AMD EPYC, 2 threads, AVX-512, OpenBLAS Haswell": where a run was made, by its own record. Its processor is that of
/// this machine: a run is continued where it began.
std::string machine_of(const fs::path& run) {
  const fs::path path = run / kRunRecordFile;
  const nlohmann::json record = read_json_file(path);
  const nlohmann::json environment = record.value("environment", nlohmann::json::object());
  const std::size_t threads = environment.value("threads", std::size_t{0});
  return fmt::format("{}, {} thread{}, {}", processor_name(), threads, threads == 1 ? "" : "s",
                     text_member(environment, "kernels", path));
}

/// The machines of all runs of an entry, each once.
std::string machines_of(const Arguments& arguments, const Entry& entry) {
  std::vector<std::string> machines;
  for (const std::uint64_t seed : entry.seeds) {
    std::string machine = machine_of(directory_of(arguments, entry, seed));
    if (std::find(machines.begin(), machines.end(), machine) == machines.end()) machines.push_back(std::move(machine));
  }
  return fmt::format("{}", fmt::join(machines, "; "));
}

void check_names(const Arguments& arguments, const std::vector<Entry>& plan) {
  std::vector<std::string> names;
  names.reserve(plan.size());
  for (const Entry& entry : plan) names.push_back(entry.name);
  for (const std::string& wanted : arguments.entries) {
    if (std::find(names.begin(), names.end(), wanted) != names.end()) continue;
    const std::string match = nearest_word(wanted, names);
    raise<ConfigError>("reproduce", "there is no entry `" + wanted + "`",
                       match.empty() ? "" : "did you mean `" + match + "`?",
                       fmt::format("entries: {}", fmt::join(names, ", ")));
  }
}

/// Trains the entry for all its seeds, as far as that is not done, and puts what came out into the record and the page.
/// Throws StateError when a run ended before its time.
void reproduce(const Arguments& arguments, const Entry& entry, const std::vector<Entry>& plan) {
  std::vector<RunResult> results;
  bool failed = false;
  for (const std::uint64_t seed : entry.seeds) {
    const fs::path directory = directory_of(arguments, entry, seed);
    const std::vector<std::string> overrides = overrides_of(arguments, entry, seed);
    if (!is_finished(directory)) {
      std::fputs(fmt::format("reproduce: {}, seed {}\n", entry.name, seed).c_str(), stderr);
      try {
        train(entry, overrides, directory);
      } catch (const StateError& error) {
        // A seed that diverges must not cost the others.
        std::fputs(fmt::format("error: {}\n", error.what()).c_str(), stderr);
        failed = true;
        continue;
      }
    }
    results.push_back(result_of(entry, directory));
  }
  if (failed) raise<StateError>("reproduction", "not every seed of `" + entry.name + "` was trained to its end");
  const Figures figures = figures_of(entry, plan, results, machines_of(arguments, entry));
  const auto record = add_to_record(record_path(arguments), entry.name, figures);
  write_file_atomically(arguments.results, results_page(outcomes_of(plan, record)));
}

/// Finds what would end a long call late: a damaged record, configs that are wrong, runs of other configs. Throws
/// ConfigError with all of the last.
void check_before(const Arguments& arguments, const std::vector<Entry>& entries) {
  read_record(record_path(arguments));
  std::vector<std::string> faults;
  for (const Entry& entry : entries) {
    provide_text(arguments, entry);
    for (const std::uint64_t seed : entry.seeds) {
      const fs::path directory = directory_of(arguments, entry, seed);
      const std::vector<std::string> overrides = overrides_of(arguments, entry, seed);
      const std::string fault = fs::exists(directory / "config.json") ? fault_of(entry, overrides, directory) : "";
      if (!fault.empty()) faults.push_back(fault);
    }
    config::read_config({entry.config}, overrides_of(arguments, entry, entry.seeds.front()));
  }
  if (!faults.empty()) throw ConfigError(fmt::format("{}", fmt::join(faults, "\nerror: ")));
}

int run(const Arguments& arguments) {
  const std::vector<Entry> plan = read_plan(arguments.plan);
  check_names(arguments, plan);
  if (record_path(arguments) == fs::path(arguments.results)) {
    raise<ConfigError>("--results", "the page is Markdown; the figures are kept beside it, as .json",
                       arguments.results);
  }
  if (arguments.list) {
    for (const Entry& entry : plan) {
      std::fputs(fmt::format("{:<24} {} seeds  {}\n", entry.name, entry.seeds.size(), entry.source).c_str(), stdout);
    }
    return 0;
  }
  const auto wanted = [&](const Entry& entry) {
    const auto& names = arguments.entries;
    return names.empty() || std::find(names.begin(), names.end(), entry.name) != names.end();
  };
  std::vector<Entry> entries;
  std::copy_if(plan.begin(), plan.end(), std::back_inserter(entries), wanted);
  fs::create_directories(arguments.root);
  check_before(arguments, entries);
  bool failed = false;
  for (const Entry& entry : entries) {
    try {
      reproduce(arguments, entry, plan);
    } catch (const StateError& error) {
      std::fputs(fmt::format("error: {}\n", error.what()).c_str(), stderr);
      failed = true;
    }
  }
  const std::vector<Outcome> outcomes = outcomes_of(plan, read_record(record_path(arguments)));
  std::fputs(results_page(outcomes).c_str(), stdout);
  const bool all_pass = std::all_of(outcomes.begin(), outcomes.end(),
                                    [&](const Outcome& outcome) { return !wanted(outcome.entry) || passes(outcome); });
  return all_pass && !failed ? 0 : 1;
}

}  // namespace
}  // namespace headlight::reproduce

int main(int argc, char** argv) {
  using namespace headlight;
  reproduce::Arguments arguments;
  CLI::App program("Trains shipped configs and compares the results with published ones.", "./run reproduce");
  program.add_option("ENTRY", arguments.entries, "entries of the plan (default: all)");
  program.add_option("--plan", arguments.plan, "JSON file with the entries");
  program.add_option("--root", arguments.root, "directory of the runs; finished ones are not repeated");
  program.add_option("--results", arguments.results, "Markdown file to write; the figures are kept beside it, as JSON");
  program.add_flag("--list", arguments.list, "list the entries and stop");
  CLI11_PARSE(program, argc, argv);
  try {
    return reproduce::run(arguments);
  } catch (const ConfigError& error) {
    std::fputs(fmt::format("error: {}\n", error.what()).c_str(), stderr);
    return 2;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("error: {}\n", error.what()).c_str(), stderr);
    return 1;
  }
}
