#pragma once

#include "apps/tasks/example_random.h"
#include "apps/tasks/sequence_task.h"

namespace headlight {

struct CopyOptions {
  SequenceLayout layout = SequenceLayout::two_sequences;
  std::size_t symbols = 10;
  Lengths length{.least = 10, .most = 10};
  std::optional<std::size_t> first{};  ///< the symbol that all sequences begin with
  std::uint64_t train_seed = 1;
  std::uint64_t eval_seed = 1;
  std::optional<std::uint64_t> train_examples{};  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 10000;
};

/// input: symbols, each uniform; answer: the same symbols. Element t can only be known by reading position t.
///
/// Without `first` the symbols are {0, ..., symbols - 1}. With it they are {1, ..., symbols}, id 0 stays free for padding
/// and never occurs, input[0] is always `first`, and an encoder-decoder reads answer[0 ... n - 2] and predicts
/// answer[1 ... n - 1]: row t of its decoder reads position t + 1 of the source.
/// Source: The Annotated Transformer (harvardnlp/annotated-transformer), "A First Example", with V = 11 (symbols 10),
/// length 10 and first 1.
class Copy : public SequenceTask {
 public:
  /// Throws ConfigError when symbols or length is 0 or does not fit 32 bits, or `first` is no symbol.
  explicit Copy(const CopyOptions& options);

  std::optional<std::uint64_t> examples(Split split) const override;

 protected:
  void draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const override;
  std::vector<std::int32_t> answer_to(std::span<const std::int32_t> source) const override;
  /// The symbol, or "<pad>".
  std::string symbol_text(std::int32_t id) const override;
  AttentionPattern reading() const override;
  void read_keys(std::span<const std::int32_t> source, std::size_t element,
                 std::vector<std::size_t>& keys) const override;

 private:
  CopyOptions options_;
};

}  // namespace headlight
