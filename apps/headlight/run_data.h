#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/config/config.h"
#include "apps/tasks/data_task.h"
#include "apps/tasks/task.h"

namespace headlight {

/// Writes vocabulary.json and data.json (path, size and XXH64 of each file) of a task whose examples come from files;
/// nothing for others. Throws FileError.
void write_data_files(const std::filesystem::path& run, const Task& task);

/// Whether a run has what write_data_files() writes. One that was killed as it began may not.
bool has_data_files(const std::filesystem::path& run, const config::Config& config);

/// The vocabularies that write_data_files() has written; throws FileError.
Vocabularies saved_vocabularies(const std::filesystem::path& run);

/// The task of a run that exists, and what is to be said about its data.
struct RunData {
  std::unique_ptr<Task> task;
  std::vector<std::string> changed{};  ///< says of each file that is not what it was that it has changed
};

/// Makes the task of a run again, with its own vocabulary, and completes the config with what the files hold now.
/// `evaluate`: a file that takes the place of the held-out examples, or empty.
/// Throws ConfigError when the files do not fit the run: symbols that it has not seen, sequences longer than its model
/// takes (with the word that the file has changed, where it has), or a task that reads no files while `evaluate` is
/// given. FileError when the run's own files are damaged.
RunData open_run_data(const std::filesystem::path& run, config::Config& config,
                      const std::filesystem::path& evaluate = {});

}  // namespace headlight
