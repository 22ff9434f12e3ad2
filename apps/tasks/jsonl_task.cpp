#include "apps/tasks/jsonl_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/excerpt.h"

namespace headlight {
namespace {

using config::DataPrediction;

FieldKind kind_of(config::InputKind kind) {
  switch (kind) {
    case config::InputKind::kTokens:
      return FieldKind::tokens;
    case config::InputKind::kChars:
      return FieldKind::chars;
    case config::InputKind::kWords:
      return FieldKind::words;
    case config::InputKind::kVectors:
      break;
  }
  return FieldKind::vectors;
}

FieldKind kind_of(config::TargetKind kind) {
  switch (kind) {
    case config::TargetKind::kTokens:
      return FieldKind::tokens;
    case config::TargetKind::kChars:
      return FieldKind::chars;
    case config::TargetKind::kWords:
      return FieldKind::words;
    case config::TargetKind::kClass:
      return FieldKind::label;
    case config::TargetKind::kIndex:
      return FieldKind::index;
    case config::TargetKind::kValue:
      return FieldKind::value;
    case config::TargetKind::kVectors:
      break;
  }
  return FieldKind::vectors;
}

bool are_numbers(FieldKind kind) { return kind == FieldKind::value || kind == FieldKind::vectors; }

std::uint64_t held_count(std::uint64_t lines, double split) {
  return lines - static_cast<std::uint64_t>(std::floor(static_cast<double>(lines) * split));
}

}  // namespace

/// The vocabularies of both fields in the making; one where they share it.
class JsonlTask::Builders {
 public:
  Builders(const config::DataConfig& config, FieldKind input, FieldKind target, const Vocabularies* known)
      : shared_(config.vocabulary == config::VocabularyUse::kShared),
        input_(input, shared_ && config.target.vocab ? config.target.vocab : config.input.vocab,
               known != nullptr && known->input ? &*known->input : nullptr),
        target_(target, config.target.vocab, known != nullptr && known->target ? &*known->target : nullptr) {}

  void add(const FieldValue& input, const FieldValue& target, const std::optional<std::int64_t>& ignore,
           const LinePlace& place) {
    input_.add(input, {}, place);
    (shared_ ? input_ : target_).add(target, ignore, place);
  }
  Vocabularies finish() const {
    return {.input = input_.finish(), .target = shared_ ? std::nullopt : target_.finish()};
  }

 private:
  bool shared_;
  VocabularyBuilder input_;
  VocabularyBuilder target_;
};

JsonlTask::JsonlTask(const config::DataConfig& config, config::Arch arch, const DataSource& source)
    : predict_(config.predict),
      arch_(arch),
      input_{.name = config.input.field, .kind = kind_of(config.input.kind)},
      target_{.name = config.target.field, .kind = kind_of(config.target.kind)} {
  const bool may_ignore = predict_ == DataPrediction::kEvery && target_.kind == FieldKind::tokens;
  if (may_ignore) target_.ignore = config.ignore;
  Builders builders(config, input_.kind, target_.kind, source.known);
  if (!source.evaluate.empty()) {
    eval_.emplace(scanned(source.evaluate, builders));
  } else {
    train_.emplace(scanned(config.train_file, builders));
    if (config.eval_file) {
      eval_.emplace(scanned(*config.eval_file, builders));
    } else {
      const std::uint64_t lines = train_->items();
      const std::uint64_t held = held_count(lines, config.split);
      holdout_ = config.order == config::DataOrder::kSequential
                     ? Holdout::tail(lines, held, "task.split")
                     : Holdout::random(lines, held, config.split_seed, "task.split");
    }
  }
  facts_.vocabularies = builders.finish();
}

LineFile JsonlTask::scanned(const std::filesystem::path& path, Builders& builders) {
  FieldValue input;
  FieldValue target;
  LineFile file(path, [&](const LinePlace& place, std::string_view line) {
    const nlohmann::json record = parse_record(line, place);
    read_field(record, input_, place, input);
    read_field(record, target_, place, target);
    check(input, target, place);
    builders.add(input, target, target_.ignore, place);
    measure(input, target);
  });
  facts_.files.push_back(file.facts());
  return file;
}

void JsonlTask::check(const FieldValue& input, const FieldValue& target, const LinePlace& place) const {
  const std::string in = fmt::format("`{}`", excerpt(input_.name));
  const std::string out = fmt::format("`{}`", excerpt(target_.name));
  if (input.length == 0) place.raise(in + " is empty", {}, "give it at least one element, or remove the line");
  switch (predict_) {
    case DataPrediction::kEvery:
      if (target.length == input.length) break;
      place.raise(fmt::format("{} and {} must be as long as each other", in, out),
                  fmt::format("{} and {} elements", input.length, target.length),
                  "give an answer for every position, or change `task.predict`");
    case DataPrediction::kLast:
    case DataPrediction::kPooled:
      if (target.length == 1) break;
      place.raise(out + " must hold one element", fmt::format("it holds {}", target.length),
                  "give one answer, or change `task.predict`");
    case DataPrediction::kPointer:
      if (static_cast<std::uint64_t>(target.integers.front()) < input.length) break;
      place.raise(fmt::format("{} is no position of {}", out, in),
                  fmt::format("{}, of {} positions", target.integers.front(), input.length), "positions count from 0");
    case DataPrediction::kSequence:
      break;
  }
  const auto& tokens = target.integers;
  if (target_.ignore &&
      std::all_of(tokens.begin(), tokens.end(), [&](auto token) { return token == target_.ignore; })) {
    place.raise("every token of " + out + " is to be ignored", {}, "give at least one that counts, or remove the line");
  }
}

void JsonlTask::measure(const FieldValue& input, const FieldValue& target) {
  longest_input_ = std::max(longest_input_, input.length);
  longest_target_ = std::max(longest_target_, target.length);
  longest_both_ = std::max(longest_both_, input.length + target.length);
}

bool JsonlTask::in_one_sequence() const {
  return predict_ == DataPrediction::kSequence && arch_ == config::Arch::kDecoder;
}

const Vocabulary& JsonlTask::target_vocabulary() const {
  const Vocabularies& both = facts_.vocabularies;
  return both.target ? *both.target : *both.input;
}

TaskShape JsonlTask::shape() const {
  const Vocabulary& input = *facts_.vocabularies.input;
  const bool vectors = input_.kind == FieldKind::vectors;
  TaskShape shape{.vocabulary = vectors ? 0 : input.size(),
                  .features = vectors ? input.size() : 0,
                  .length = longest_input_,
                  .target_length = 1};
  switch (predict_) {
    case DataPrediction::kEvery:
      shape.target_length = longest_input_;
      shape.in_place = true;
      break;
    case DataPrediction::kLast:
      shape.predict = Prediction::last;
      break;
    case DataPrediction::kPooled:
      shape.predict = Prediction::pooled;
      break;
    case DataPrediction::kPointer:
      shape.predict = Prediction::pointer;
      return shape;
    case DataPrediction::kSequence:
      shape.classes = target_vocabulary().size() + 2;
      shape.begin = begin_mark();
      shape.end = end_mark();
      if (in_one_sequence()) {
        shape.vocabulary = shape.classes;
        shape.length = longest_both_ + 1;
        shape.target_length = shape.length;
      } else {
        shape.second_vocabulary = shape.classes;
        shape.target_length = longest_target_ + 1;
      }
      return shape;
  }
  (are_numbers(target_.kind) ? shape.values : shape.classes) = target_vocabulary().size();
  return shape;
}

std::optional<std::uint64_t> JsonlTask::examples(Split split) const {
  if (split == Split::eval) return eval_ ? eval_->items() : holdout_->held_count();
  if (!train_) return 0;
  return holdout_ ? holdout_->kept_count() : train_->items();
}

void JsonlTask::example(const ExampleRequest& request, Example& example) const {
  check_request("jsonl", request);
  example.clear();
  const bool from_eval = request.split == Split::eval && eval_;
  const LineFile& file = from_eval ? *eval_ : *train_;
  std::uint64_t item = request.index;
  if (holdout_) item = request.split == Split::train ? holdout_->kept(item) : holdout_->held(item);
  std::string line;
  const LinePlace place{file.facts().path, file.read(item, line)};
  const nlohmann::json record = parse_record(line, place);
  FieldValue input;
  FieldValue target;
  read_field(record, input_, place, input);
  read_field(record, target_, place, target);
  check(input, target, place);
  example.size = input.length;
  if (input_.kind == FieldKind::vectors) {
    example.vectors = std::move(input.numbers);
  } else {
    encode(input, *facts_.vocabularies.input, {}, 0, place, example.input);
  }
  if (are_numbers(target_.kind)) {
    example.values = std::move(target.numbers);
    example.target.assign(target.length, 0);
  } else if (target_.kind == FieldKind::index) {
    example.target.push_back(static_cast<std::int32_t>(target.integers.front()));
  } else {
    encode(target, target_vocabulary(), target_.ignore, kIgnoredTarget, place, example.target);
  }
  if (predict_ == DataPrediction::kSequence) lay_out(example);
}

/// The decoder reads begin mark and answer, and says answer and end mark; of one sequence only the answer counts.
void JsonlTask::lay_out(Example& example) const {
  std::vector<std::int32_t>& answer = example.target;
  std::vector<std::int32_t>& read = in_one_sequence() ? example.input : example.begun;
  const std::size_t before = read.size();
  read.push_back(begin_mark());
  read.insert(read.end(), answer.begin(), answer.end());
  answer.push_back(end_mark());
  answer.insert(answer.begin(), before, kIgnoredTarget);
}

std::string JsonlTask::token_text(std::int32_t id) const {
  return in_one_sequence() ? target_text(id) : facts_.vocabularies.input->text(id);
}

std::string JsonlTask::target_text(std::int32_t id) const {
  if (target_.kind == FieldKind::index) return std::to_string(id);
  const Vocabulary& vocabulary = target_vocabulary();
  if (predict_ == DataPrediction::kSequence && id == begin_mark()) return vocabulary.mark_text("begin");
  if (predict_ == DataPrediction::kSequence && id == end_mark()) return vocabulary.mark_text("end");
  return vocabulary.text(id);
}

}  // namespace headlight
