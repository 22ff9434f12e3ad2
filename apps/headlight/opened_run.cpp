#include "apps/headlight/opened_run.h"

#include <utility>

#include "apps/config/read.h"
#include "apps/headlight/run_data.h"
#include "apps/training/build.h"
#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/run_directory.h"

namespace headlight {

OpenedRun open_run(const std::filesystem::path& run, std::string_view checkpoint, const std::filesystem::path& data) {
  const std::filesystem::path directory = find_run(run);
  config::Config config = config::read_config({directory / "config.json"}).config;
  RunData opened = open_run_data(directory, config, data);
  std::unique_ptr<Model> model = build_empty_model(config, *opened.task);
  const TrainingState state = load_checkpoint(find_checkpoint(directory, checkpoint), *model, nullptr);
  std::vector<std::string> warnings;
  for (const std::string& file : opened.changed) {
    warnings.push_back("warning: " + file + ": results are those of the new content");
  }
  return {.directory = directory,
          .config = std::move(config),
          .task = std::move(opened.task),
          .model = std::move(model),
          .step = state.step,
          .warnings = std::move(warnings)};
}

std::string run_name(const config::Config& config, const std::filesystem::path& directory) {
  const std::filesystem::path whole = std::filesystem::absolute(directory).lexically_normal();
  const std::filesystem::path last = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
  return config.name + "/" + last.string();
}

}  // namespace headlight
