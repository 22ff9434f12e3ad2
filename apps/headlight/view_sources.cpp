#include "apps/headlight/view_sources.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>

#include "apps/config/read.h"
#include "apps/headlight/opened_run.h"
#include "apps/headlight/run_data.h"
#include "apps/page/page.h"
#include "apps/page/words.h"
#include "core/error.h"
#include "core/io/file.h"

namespace headlight {

RunReader open_run_reader(const std::filesystem::path& run, std::vector<std::uint64_t> exact_steps,
                          std::uint64_t max_codes) {
  config::Config config = config::read_config({run / "config.json"}).config;
  RunReaderOptions options{.name = run_name(config, run),
                           .exact_steps = std::move(exact_steps),
                           .max_codes = max_codes};
  try {
    const RunData data = open_run_data(run, config);
    options.words = words_of(*data.task);
    for (const std::string& changed : data.changed) options.notes.push_back("Its data: " + changed + ".");
  } catch (const Error& error) {
    std::string shown = "Tokens are shown by their numbers";
    try {
      options.words = words_of(saved_vocabularies(run));
      options.words.positions = config.task.data.predict == config::DataPrediction::kPointer;
      shown = "Tokens that are no symbols of its vocabulary are shown by their numbers";
    } catch (const Error&) {  // a task that reads no files, or a record that is damaged too
    }
    options.notes.push_back(fmt::format("{}, because the data of the run cannot be read: {}", shown, error.what()));
  }
  return {run, std::move(options)};
}

std::vector<std::string> write_page(const std::filesystem::path& run, RunReaderOptions options) {
  const PageOptions page{.facts = {.generator = page_generator(), .created = page_time()}};
  options.max_codes = kCodesPerByte * page.max_size;
  RunReader reader(run, std::move(options));
  reader.update();
  std::vector<ViewRun> runs;
  runs.push_back(reader.take());
  ViewPage made = view_page(std::move(runs), page);
  write_file_atomically(run / kPageFile, made.html);
  return std::move(made.dropped);
}

std::string page_generator() { return "headlight " HEADLIGHT_VERSION; }

std::string page_time() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace headlight
