#include "apps/tasks/sequence_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "apps/tasks/example_random.h"
#include "core/error.h"

namespace headlight {

SequenceTask::SequenceTask(std::string name, const SequenceOptions& options)
    : name_(std::move(name)), options_(options) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max() - 2;
  const auto& o = options_;
  if (o.symbols == 0 || o.longest_source == 0 || std::max({o.symbols, o.longest_source, o.longest_answer}) > kMost) {
    raise<ConfigError>(name_, fmt::format("symbols and length must be from 1 to {}", kMost),
                       fmt::format("symbols {}, length {}", o.symbols, o.longest_source));
  }
  if (o.layout == SequenceLayout::per_position && o.longest_source != o.longest_answer) {
    raise<ConfigError>(name_, "an encoder answers at the positions of its input, but the answer is longer or shorter",
                       fmt::format("{} and {} positions", o.longest_answer, o.longest_source),
                       "use `model.arch` \"decoder\" or \"encoder-decoder\"");
  }
}

TaskShape SequenceTask::shape() const {
  const auto& o = options_;
  switch (o.layout) {
    case SequenceLayout::per_position:
      return {.vocabulary = o.symbols,
              .classes = o.symbols,
              .length = o.longest_source,
              .target_length = o.longest_source};
    case SequenceLayout::one_sequence: {
      if (!o.marks) {
        const std::size_t length = o.longest_source + o.longest_answer - 1;
        return {.vocabulary = o.symbols,
                .classes = o.symbols,
                .length = length,
                .target_length = length,
                .input_length = o.longest_source};
      }
      const std::size_t length = o.longest_source + 1 + o.longest_answer;
      return {.vocabulary = o.symbols + 2,
              .classes = o.symbols + 2,
              .length = length,
              .target_length = length,
              .begin = begin_mark(),
              .end = end_mark()};
    }
    case SequenceLayout::two_sequences:
      break;
  }
  if (o.first) {
    return {.vocabulary = o.symbols,
            .second_vocabulary = o.symbols,
            .classes = o.symbols,
            .length = o.longest_source,
            .target_length = o.longest_answer - 1,
            .begin = o.first};
  }
  return {.vocabulary = o.symbols,
          .second_vocabulary = o.symbols + 2,
          .classes = o.symbols + 2,
          .length = o.longest_source,
          .target_length = o.longest_answer + 1,
          .begin = begin_mark(),
          .end = end_mark()};
}

void SequenceTask::example(const ExampleRequest& request, Example& example) const {
  check_index(name_, *this, request);
  example.clear();
  draw_source(request, example.input);
  example.target = answer_to(example.input);
  lay_out(example);
}

void SequenceTask::answer(Example& example) const {
  if (options_.layout == SequenceLayout::one_sequence && options_.marks) example.input.pop_back();  // the begin mark
  example.target = answer_to(example.input);
  lay_out(example);
}

void SequenceTask::lay_out(Example& example) const {
  std::vector<std::int32_t>& answer = example.target;
  example.size = example.input.size();
  switch (options_.layout) {
    case SequenceLayout::per_position:
      break;
    case SequenceLayout::one_sequence: {
      const std::size_t source = example.input.size();
      if (options_.marks) example.input.push_back(begin_mark());
      example.input.insert(example.input.end(), answer.begin(), answer.end() - (options_.marks ? 0 : 1));
      if (options_.marks) answer.push_back(end_mark());
      answer.insert(answer.begin(), options_.marks ? source : source - 1, kIgnoredTarget);
      break;
    }
    case SequenceLayout::two_sequences:
      if (options_.first) {
        example.begun.assign(answer.begin(), answer.end() - 1);
        answer.erase(answer.begin());
      } else {
        example.begun.push_back(begin_mark());
        example.begun.insert(example.begun.end(), answer.begin(), answer.end());
        answer.push_back(end_mark());
      }
      break;
  }
}

std::string SequenceTask::token_text(std::int32_t id) const {
  if (has_marks() && id == begin_mark()) return "<begin>";
  return has_marks() && id == end_mark() ? "<end>" : symbol_text(id);
}

std::vector<AttentionPattern> SequenceTask::patterns() const {
  AttentionPattern pattern = reading();
  if (pattern.name.empty()) return {};
  pattern.block = "enc.self";
  if (options_.layout == SequenceLayout::one_sequence) pattern.block = "dec.self";
  if (options_.layout == SequenceLayout::two_sequences) pattern.block = "dec.cross";
  return {pattern};
}

void SequenceTask::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                              std::vector<std::size_t>& keys) const {
  if (query >= example.target.size() || example.target[query] == kIgnoredTarget) return;
  std::span<const std::int32_t> source = example.input;
  std::size_t element = query;
  if (options_.layout == SequenceLayout::one_sequence) {
    const auto counted = std::find_if(example.target.begin(), example.target.end(),
                                      [](std::int32_t target) { return target != kIgnoredTarget; });
    const auto leading = static_cast<std::size_t>(counted - example.target.begin());
    source = source.first(options_.marks ? leading : leading + 1);
    element = query - leading;
  } else if (options_.layout == SequenceLayout::two_sequences && options_.first) {
    ++element;
  }
  read_keys(source, element, keys);
  std::erase_if(keys, [&](std::size_t key) { return key >= source.size(); });
}

}  // namespace headlight
