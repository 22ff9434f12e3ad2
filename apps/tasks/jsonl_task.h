#pragma once

#include <string>

#include "apps/data/holdout.h"
#include "apps/data/line_file.h"
#include "apps/data/record.h"
#include "apps/tasks/data_task.h"

namespace headlight {

/// One example per line, a JSON object with an input and a target, read as the config says.
///
/// | predict       | target                                                    | an example                            |
/// |---------------|-----------------------------------------------------------|---------------------------------------|
/// | every         | tokens, chars, words or vectors, as many as the input has | target[t] at position t               |
/// | last, pooled  | a class, a value, or one token, char, word or vector      | one target                            |
/// | pointer       | index                                                     | the index, from 0                     |
/// | sequence      | tokens, chars or words, of any number                     | decoder: input, begin, target, end;   |
/// |               |                                                           | encoder-decoder: begin, target, end   |
///
/// The begin and end marks follow the symbols. Held out is `eval_file`, or all but `split` of the lines: drawn at
/// random, or the last ones where the order is sequential.
class JsonlTask : public DataTask {
 public:
  /// Reads both files. Throws ConfigError with all faults of their lines. `config` must have passed the rules of
  /// apps/config/checks_data.cpp.
  JsonlTask(const config::DataConfig& config, config::Arch arch, const DataSource& source = {});

  TaskShape shape() const override;
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;
  std::string token_text(std::int32_t id) const override;
  std::string target_text(std::int32_t id) const override;

 private:
  class Builders;

  /// Reads a file of the data and adds it to the facts.
  LineFile scanned(const std::filesystem::path& path, Builders& builders);
  void check(const FieldValue& input, const FieldValue& target, const LinePlace& place) const;
  void measure(const FieldValue& input, const FieldValue& target);
  void lay_out(Example& example) const;

  bool in_one_sequence() const;
  const Vocabulary& target_vocabulary() const;
  std::int32_t begin_mark() const { return static_cast<std::int32_t>(target_vocabulary().size()); }
  std::int32_t end_mark() const { return begin_mark() + 1; }

  config::DataPrediction predict_;
  config::Arch arch_;
  FieldSpec input_;
  FieldSpec target_;
  std::size_t longest_input_ = 0;
  std::size_t longest_target_ = 0;
  std::size_t longest_both_ = 0;
  std::optional<LineFile> train_;
  std::optional<LineFile> eval_;    ///< empty where part of `train_` is held out
  std::optional<Holdout> holdout_;  ///< of `train_`
};

}  // namespace headlight
