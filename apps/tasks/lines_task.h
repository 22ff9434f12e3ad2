#pragma once

#include <string>

#include "apps/data/holdout.h"
#include "apps/data/line_file.h"
#include "apps/tasks/data_task.h"

namespace headlight {

struct LinesOptions {
  std::filesystem::path path{};
  std::optional<std::uint64_t> eval_examples{};  ///< nothing: min(1000, a tenth), at least one
  std::uint64_t split_seed = 1;
};

/// One item per line, character by character: input 0, c_1, ..., c_n; target c_1, ..., c_n, 0. Id 0 begins and ends an
/// item and pads it; the characters of the file follow in the order of their code points, from 1.
///
/// The held-out lines are drawn at random (Holdout, from `split_seed`). A decoder alone may be asked.
/// Source: makemore (karpathy/makemore), makemore.py: create_datasets() and CharDataset.
class LinesTask : public DataTask {
 public:
  /// Throws ConfigError as LineFile does, when too few lines are left to train on, or on a character that a known
  /// vocabulary does not have.
  explicit LinesTask(const LinesOptions& options, const DataSource& source = {});

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;
  void answer(Example& example) const override { predict_next(example, 0); }
  std::string token_text(std::int32_t id) const override;

  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 private:
  LineFile scanned(const std::filesystem::path& path, const Vocabularies* known);

  std::size_t longest_ = 0;  ///< characters
  LineFile file_;
  std::optional<Holdout> holdout_;  ///< empty where all lines are evaluated
};

}  // namespace headlight
