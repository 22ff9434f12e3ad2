#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "apps/config/config.h"
#include "apps/data/data_file.h"
#include "apps/data/vocabulary.h"
#include "apps/tasks/task.h"

namespace headlight {

/// What a run remembers of its data.
struct DataFacts {
  std::vector<DataFile> files{};
  Vocabularies vocabularies{};
};

/// A task whose examples come from files of the user. An example is read from its file whenever it is asked for; the
/// splits are those of the config, and have examples of no other lengths than their files'.
class DataTask : public Task {
 public:
  const DataFacts& facts() const { return facts_; }

  /// What a config needs to know of the files.
  config::DataSizes sizes() const;

 protected:
  /// Throws ConfigError when the split has no such example, or a length is asked for.
  void check_request(const char* type, const ExampleRequest& request) const;

  /// The targets of an input each of whose positions says the next one: x_2 ... x_n, and behind them `last`.
  static void predict_next(Example& example, std::int32_t last);

  DataFacts facts_{};
};

/// How the data of an earlier run are opened again.
struct DataSource {
  const Vocabularies* known = nullptr;  ///< the run's; symbols that it does not have are refused
  std::filesystem::path evaluate{};  ///< a file whose examples take the place of the held-out ones; nothing is trained
};

/// The task of a config for which reads_files(). Reads the files once, whole. Throws ConfigError when they cannot be
/// opened, with all faults of their lines (at most ten), or when they do not fit the config.
std::unique_ptr<DataTask> make_data_task(const config::Config& config, const DataSource& source = {});

}  // namespace headlight
