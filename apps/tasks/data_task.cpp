#include "apps/tasks/data_task.h"

#include <algorithm>

#include "apps/tasks/example_random.h"
#include "apps/tasks/jsonl_task.h"
#include "apps/tasks/lines_task.h"
#include "apps/tasks/text_task.h"
#include "core/error.h"

namespace headlight {
namespace {

/// A vocabulary that comes from another run would number nothing right.
void check_known(const Vocabularies& known, const config::Config& config) {
  const config::DataConfig& data = config.task.data;
  const bool two = config.task.type == config::TaskType::kJsonl &&
                   data.vocabulary == config::VocabularyUse::kSeparate &&
                   data.target.kind != config::TargetKind::kIndex;
  if (known.input && known.target.has_value() == two) return;
  raise<FileError>("vocabulary.json", "it does not belong to the config of its run", {},
                   "take the run directory as `headlight train` wrote it");
}

}  // namespace

config::DataSizes DataTask::sizes() const {
  const TaskShape own = shape();
  const std::uint64_t train = examples(Split::train).value_or(0);
  return {.train_examples = train == 0 ? std::nullopt : std::optional(train),
          .eval_examples = examples(Split::eval).value_or(0),
          .positions = std::max(own.length, own.target_length)};
}

void DataTask::check_request(const char* type, const ExampleRequest& request) const {
  check_index(type, *this, request);
  if (request.length || request.dimensions) {
    raise<ConfigError>(type, "examples from a file have the lengths that they have", {},
                       "ask for no length; the table of results is by length");
  }
}

void DataTask::predict_next(Example& example, std::int32_t last) {
  example.target.assign(example.input.begin() + 1, example.input.end());
  example.target.push_back(last);
}

std::unique_ptr<DataTask> make_data_task(const config::Config& config, const DataSource& source) {
  const config::DataConfig& data = config.task.data;
  if (source.known != nullptr) check_known(*source.known, config);
  switch (config.task.type) {
    case config::TaskType::kText:
      return std::make_unique<TextTask>(
          TextOptions{.path = data.path,
                      .unit = data.level == config::TextLevel::kByte ? TextUnit::byte : TextUnit::code_point,
                      .window = config.model.max_len,
                      .split = data.split,
                      .random_windows = config.trainer.sampling == config::Sampling::kWindows},
          source);
    case config::TaskType::kLines:
      return std::make_unique<LinesTask>(
          LinesOptions{.path = data.path, .eval_examples = data.eval_examples, .split_seed = data.split_seed}, source);
    case config::TaskType::kJsonl:
      return std::make_unique<JsonlTask>(data, config.model.arch, source);
    default:
      break;
  }
  raise<StateError>("task", "this task of the config reads no files");
}

}  // namespace headlight
