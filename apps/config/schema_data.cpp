// Keys of tasks whose examples come from the user's files: text, lines and jsonl.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr double kLargestId = 1e6;
constexpr double kLeastInteger = -2147483648.0;
constexpr double kMostInteger = 2147483647.0;

using C = Config;
using Data = DataConfig;

template <class... Members>
Field data(Members... members) {
  return at(&C::task, &TaskConfig::data, members...);
}

Condition jsonl() { return only_for("type", {"jsonl"}); }

Need one_file() {
  return {.holds = [](const C& c) { return !c.task.data.eval_file; },
          .otherwise = "`task.eval_file` is given",
          .help = "remove one of the two",
          .key = "eval_file"};
}

bool shares(const C& c) {
  const Data& d = c.task.data;
  return (d.input.kind == InputKind::kTokens && d.target.kind == TargetKind::kTokens) ||
         (d.input.kind == InputKind::kChars && d.target.kind == TargetKind::kChars) ||
         (d.input.kind == InputKind::kWords && d.target.kind == TargetKind::kWords);
}

std::vector<Key> field_rows() {
  return {
      {.path = "task.input", .type = object(), .doc = "what the model reads of a line", .only = jsonl()},
      {.path = "task.input.field",
       .type = text(),
       .fallback = is("input"),
       .doc = "key of the JSON object",
       .field = data(&Data::input, &FieldConfig<InputKind>::field)},
      {.path = "task.input.kind",
       .type = choice<InputKind>({{"tokens", InputKind::kTokens},
                                  {"chars", InputKind::kChars},
                                  {"words", InputKind::kWords},
                                  {"vectors", InputKind::kVectors}}),
       .fallback = required(),
       .doc = "integers from 0; a string by its characters, or by its words; a list of lists of numbers, of one width",
       .field = data(&Data::input, &FieldConfig<InputKind>::kind)},
      {.path = "task.input.vocab",
       .type = integer(1, kLargestId),
       .fallback = absent("one more than the largest token in the files"),
       .doc = "tokens are below it",
       .field = data(&Data::input, &FieldConfig<InputKind>::vocab),
       .only = only_for("kind", {"tokens"})},
      {.path = "task.target", .type = object(), .doc = "what the model should answer", .only = jsonl()},
      {.path = "task.target.field",
       .type = text(),
       .fallback = is("target"),
       .doc = "key of the JSON object",
       .field = data(&Data::target, &FieldConfig<TargetKind>::field)},
      {.path = "task.target.kind",
       .type = choice<TargetKind>({{"tokens", TargetKind::kTokens},
                                   {"chars", TargetKind::kChars},
                                   {"words", TargetKind::kWords},
                                   {"class", TargetKind::kClass},
                                   {"index", TargetKind::kIndex},
                                   {"value", TargetKind::kValue},
                                   {"vectors", TargetKind::kVectors}}),
       .fallback = required(),
       .doc = "as for the input; class: an integer from 0, or a label; index: a position of the input; value: a number",
       .field = data(&Data::target, &FieldConfig<TargetKind>::kind)},
      {.path = "task.target.vocab",
       .type = integer(1, kLargestId),
       .fallback = absent("one more than the largest in the files"),
       .doc = "tokens, or integer classes, are below it",
       .field = data(&Data::target, &FieldConfig<TargetKind>::vocab),
       .only = only_for("kind", {"tokens", "class"})},
      {.path = "task.predict",
       .type = choice<DataPrediction>({{"every", DataPrediction::kEvery},
                                       {"last", DataPrediction::kLast},
                                       {"pooled", DataPrediction::kPooled},
                                       {"sequence", DataPrediction::kSequence},
                                       {"pointer", DataPrediction::kPointer}}),
       .fallback = required(),
       .doc = "an answer at every position, one from the last or from the mean over all, a sequence that is generated, "
              "or a position of the input",
       .field = data(&Data::predict),
       .only = jsonl()},
      {.path = "task.ignore",
       .type = integer(kLeastInteger, kMostInteger),
       .fallback = is(-100),
       .doc = "a token of the target that does not count",
       .field = data(&Data::ignore),
       .only = jsonl(),
       .needs = {need([](const C& c) { return c.task.data.target.kind == TargetKind::kTokens; },
                      "`task.target.kind` is not \"tokens\"", "remove it"),
                 need([](const C& c) { return c.task.data.predict == DataPrediction::kEvery; },
                      "`task.predict` is not \"every\"", "remove it")}},
      {.path = "task.order",
       .type = choice<DataOrder>({{"shuffle", DataOrder::kShuffle}, {"sequential", DataOrder::kSequential}}),
       .fallback = is("shuffle"),
       .doc = "lines in an order of its own each epoch and held out at random, or in the file's order and held out at "
              "its end",
       .field = data(&Data::order),
       .only = jsonl()},
      {.path = "task.vocabulary",
       .type = choice<VocabularyUse>({{"shared", VocabularyUse::kShared}, {"separate", VocabularyUse::kSeparate}}),
       .fallback = derived("\"shared\" where input and target are of the same kind",
                           [](const C& c) { return shares(c) ? "shared" : "separate"; }),
       .doc = "whether input and target have one list of symbols or one each",
       .field = data(&Data::vocabulary),
       .only = jsonl()},
  };
}

}  // namespace

std::vector<Key> data_rows() {
  std::vector<Key> rows = {
      {.path = "task.path",
       .type = text(TextRule::kPath),
       .fallback = required(),
       .doc = "the file, in UTF-8; a relative path starts from the directory of the config",
       .field = data(&Data::path),
       .only = only_for("type", {"text", "lines"})},
      {.path = "task.level",
       .type = choice<TextLevel>({{"char", TextLevel::kChar}, {"byte", TextLevel::kByte}}),
       .fallback = is("char"),
       .doc = "a token is a character (code point) of the file, or any byte",
       .field = data(&Data::level),
       .only = only_for("type", {"text"})},
      {.path = "task.train_file",
       .type = text(TextRule::kPath),
       .fallback = required(),
       .doc = "one JSON object per line; a relative path starts from the directory of the config",
       .field = data(&Data::train_file),
       .only = jsonl()},
      {.path = "task.eval_file",
       .type = text(TextRule::kPath),
       .fallback = absent("a part of `train_file` is held out, see `split`"),
       .doc = "the lines on which the result is measured",
       .field = data(&Data::eval_file),
       .only = jsonl()},
      {.path = "task.split",
       .type = number({.above = 0, .below = 1}),
       .fallback = is(0.9),
       .doc = "share that is trained on: of a text its beginning; the rest is held out",
       .field = data(&Data::split),
       .only = only_for("type", {"text", "jsonl"}),
       .needs = {one_file()}},
      {.path = "task.eval_examples",
       .type = integer(1, kMostExamples),
       .fallback = absent("the smaller of 1000 and a tenth of the lines"),
       .doc = "lines held out, drawn at random",
       .field = data(&Data::eval_examples),
       .only = only_for("type", {"lines"})},
      {.path = "task.split_seed",
       .type = integer(0),
       .fallback = is(1),
       .doc = "draws the lines that are held out; apart from `seed`, so that runs with different seeds are measured "
              "alike",
       .field = data(&Data::split_seed),
       .only = only_for("type", {"lines", "jsonl"}),
       .needs = {one_file(), need([](const C& c) { return c.task.data.order == DataOrder::kShuffle; },
                                  "`task.order` is \"sequential\"", "remove it: the end of the file is held out")}},
  };
  for (Key& row : field_rows()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace headlight::config::schema
