#pragma once

#include <span>

#include "apps/tasks/task.h"

namespace headlight {

/// How a sequence that answers another one is laid out for a model.
enum class SequenceLayout {
  per_position,   ///< an encoder: position t of the input predicts element t of the answer
  one_sequence,   ///< a decoder: input, begin mark, answer, end mark; only the answer counts. The marks may be left out
  two_sequences,  ///< an encoder-decoder: the decoder reads begin mark and answer, and predicts answer and end mark
};

struct SequenceOptions {
  SequenceLayout layout = SequenceLayout::per_position;
  std::size_t symbols = 0;  ///< ids of both sequences are below it; the marks are the two next ones
  std::size_t longest_source = 0;
  std::size_t longest_answer = 0;
  /// The answer's first element is always this one: with two_sequences it takes the place of the begin mark, and the
  /// answer, whose length is known, has no end mark.
  std::optional<std::int32_t> first{};
  /// false where both lengths are known: with one_sequence the answer then follows the input at once and has no end,
  /// and there are no marks. The last element of the input predicts the first one of the answer.
  bool marks = true;
};

/// A task that answers one sequence with another. It makes pairs; this class lays them out for the model.
class SequenceTask : public Task {
 public:
  TaskShape shape() const override;
  void example(const ExampleRequest& request, Example& example) const override;
  void answer(Example& example) const override;
  /// The symbol's text, "<begin>" or "<end>".
  std::string token_text(std::int32_t id) const override;
  /// Of an answer without an end mark; what `first` says is not generated.
  std::optional<std::size_t> answer_length(std::size_t input) const override {
    if (shape().end) return std::nullopt;
    return options_.first ? input - 1 : options_.longest_answer;
  }

  std::vector<AttentionPattern> patterns() const override;
  void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                  std::vector<std::size_t>& keys) const override;

 protected:
  /// Throws ConfigError on sizes that do not fit 32 bits, or an encoder whose answers are not as long as its inputs.
  SequenceTask(std::string name, const SequenceOptions& options);

  /// The first sequence of an example, and what answers any such one. `source` is empty on entry.
  virtual void draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const = 0;
  virtual std::vector<std::int32_t> answer_to(std::span<const std::int32_t> source) const = 0;
  virtual std::string symbol_text(std::int32_t id) const { return std::to_string(id); }

  /// The pattern of reading the source, without its block, and the positions of the source from which element t of the
  /// answer is copied or made. Without a name there is no pattern.
  virtual AttentionPattern reading() const { return {}; }
  virtual void read_keys(std::span<const std::int32_t> /*source*/, std::size_t /*element*/,
                         std::vector<std::size_t>& /*keys*/) const {}

  const std::string& name() const { return name_; }

 private:
  std::int32_t begin_mark() const { return static_cast<std::int32_t>(options_.symbols); }
  std::int32_t end_mark() const { return begin_mark() + 1; }
  /// Lays an input and its answer, which stands where the targets do, out for the model.
  void lay_out(Example& example) const;
  bool has_marks() const { return options_.marks || options_.layout == SequenceLayout::two_sequences; }

  std::string name_;
  SequenceOptions options_;
};

}  // namespace headlight
