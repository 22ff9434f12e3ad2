#pragma once

#include <string>

#include "apps/data/text_file.h"
#include "apps/tasks/data_task.h"

namespace headlight {

struct TextOptions {
  std::filesystem::path path{};
  TextUnit unit = TextUnit::code_point;
  std::size_t window = 64;     ///< tokens that the model reads
  double split = 0.9;          ///< share of the tokens, from the beginning, that is trained on; in (0, 1)
  bool random_windows = true;  ///< training examples are all windows there are; false: windows side by side
};

/// input: T tokens x_i ... x_(i+T-1) of a text; target: the next ones, x_(i+1) ... x_(i+T).
///
/// Of n tokens the first floor(split n) are trained on. With `random_windows` training example i begins at token i,
/// whatever i. Held-out examples stand side by side, each beginning with the last target of the one before, the last
/// one perhaps shorter: every held-out token but the first is predicted once. Tokens are the characters of the whole
/// file in the order of their code points, or all 256 bytes. A decoder alone may be asked.
/// Source: nanoGPT (karpathy/nanoGPT), train.py and data/shakespeare_char/prepare.py.
class TextTask : public DataTask {
 public:
  /// Throws ConfigError as TextFile does, when either part is shorter than it must be, or on a character that a known
  /// vocabulary does not have.
  explicit TextTask(const TextOptions& options, const DataSource& source = {});

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;
  void answer(Example& example) const override { predict_next(example, kIgnoredTarget); }
  std::string token_text(std::int32_t id) const override { return facts_.vocabularies.input->text(id); }

  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 private:
  void make_vocabulary(const Vocabularies* known);

  TextOptions options_;
  TextFile file_;
  std::uint64_t trained_;  ///< tokens of the first part
};

/// Of tasks that say the next character: a head that reads the one before.
AttentionPattern previous_character();

}  // namespace headlight
