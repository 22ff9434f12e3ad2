// What only several keys show about examples from files: which inputs, targets and predictions go together.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "apps/config/checks.h"

namespace headlight::config::schema {

namespace {

bool is_jsonl(const Config& config) { return config.task.type == TaskType::kJsonl; }

std::string word(const Config& config, const char* path) { return selected(*find_branch(path)->key, config); }

bool are_symbols(TargetKind kind) {
  return kind == TargetKind::kTokens || kind == TargetKind::kChars || kind == TargetKind::kWords;
}

std::optional<Problem> sampling_fits_task(const Config& config, const Node& /*given*/) {
  const Sampling sampling = config.trainer.sampling;
  const bool text = config.task.type == TaskType::kText;
  if (sampling == Sampling::kWindows && !text) {
    return Problem{.what = fmt::format("`trainer.sampling` \"windows\" draws pieces of one text, but `task.type` is "
                                       "\"{}\"",
                                       word(config, "task.type")),
                   .place = {},
                   .help = "take \"epochs\" or \"replacement\""};
  }
  if (sampling == Sampling::kReplacement && text) {
    return Problem{.what = "`trainer.sampling` \"replacement\" draws whole examples, but a text has none",
                   .place = {},
                   .help = "take \"windows\": places of the text, drawn with replacement"};
  }
  if (sampling == Sampling::kFresh && reads_files(config)) {
    return Problem{.what = "`trainer.sampling` \"fresh\" needs examples without an end, but these come from files",
                   .place = {},
                   .help = text ? "take \"windows\" or \"epochs\"" : "take \"epochs\" or \"replacement\""};
  }
  if (sampling == Sampling::kReplacement && is_jsonl(config) && config.task.data.order == DataOrder::kSequential) {
    return Problem{.what = "`task.order` \"sequential\" has no effect while `trainer.sampling` is \"replacement\"",
                   .place = {},
                   .help = "take `trainer.sampling` \"epochs\", or `task.order` \"shuffle\""};
  }
  return std::nullopt;
}

std::optional<Problem> continued_by_decoder(const Config& config, const Node& /*given*/) {
  const bool continues = config.task.type == TaskType::kText || config.task.type == TaskType::kLines;
  if (!continues || config.model.arch == Arch::kDecoder) return std::nullopt;
  return Problem{.what = fmt::format("`task.type` \"{}\" asks what comes next, but `model.arch` is \"{}\"",
                                     word(config, "task.type"), word(config, "model.arch")),
                 .place = {},
                 .help = "set `model.arch` to \"decoder\": it does not see what it predicts"};
}

std::optional<Problem> windows_have_length(const Config& config, const Node& given) {
  if (config.task.type != TaskType::kText || is_given(given, "model.max_len")) return std::nullopt;
  return Problem{.what = "`task.type` \"text\" reads windows of `model.max_len` tokens, which is not given",
                 .place = {},
                 .help = "give `model.max_len`, such as 64"};
}

/// "`task.predict` "last" gives one answer, but ..."; empty where both go together.
std::string mismatch(DataPrediction predict, TargetKind kind) {
  switch (predict) {
    case DataPrediction::kEvery:
      if (are_symbols(kind) || kind == TargetKind::kVectors) return {};
      return "asks for an answer at every position";
    case DataPrediction::kLast:
    case DataPrediction::kPooled:
      if (kind != TargetKind::kIndex) return {};
      return "chooses no position";
    case DataPrediction::kSequence:
      if (are_symbols(kind)) return {};
      return "generates symbols";
    case DataPrediction::kPointer:
      if (kind == TargetKind::kIndex) return {};
      return "chooses a position of the input";
  }
  return {};
}

const char* kinds_for(DataPrediction predict) {
  switch (predict) {
    case DataPrediction::kEvery:
      return "take tokens, chars, words or vectors, one for each position; for one answer `task.predict` \"last\" or "
             "\"pooled\"";
    case DataPrediction::kLast:
    case DataPrediction::kPooled:
      return "set `task.predict` to \"pointer\"";
    case DataPrediction::kSequence:
      return "take tokens, chars or words";
    case DataPrediction::kPointer:
      break;
  }
  return "set `task.target.kind` to \"index\"";
}

std::optional<Problem> target_fits_prediction(const Config& config, const Node& /*given*/) {
  if (!is_jsonl(config)) return std::nullopt;
  const DataConfig& data = config.task.data;
  const std::string why = mismatch(data.predict, data.target.kind);
  if (why.empty()) return std::nullopt;
  return Problem{.what = fmt::format("`task.predict` \"{}\" {}, but `task.target.kind` is \"{}\"",
                                     word(config, "task.predict"), why, word(config, "task.target.kind")),
                 .place = {},
                 .help = kinds_for(data.predict)};
}

std::optional<Problem> prediction_fits_arch(const Config& config, const Node& /*given*/) {
  if (!is_jsonl(config)) return std::nullopt;
  const bool sequence = config.task.data.predict == DataPrediction::kSequence;
  const Arch arch = config.model.arch;
  const bool wrong = sequence ? arch == Arch::kEncoder : arch == Arch::kEncoderDecoder;
  if (!wrong) return std::nullopt;
  return Problem{.what = fmt::format("`task.predict` \"{}\" and `model.arch` \"{}\" do not go together",
                                     word(config, "task.predict"), word(config, "model.arch")),
                 .place = {},
                 .help = sequence ? "an encoder generates nothing: take \"encoder-decoder\" or \"decoder\", or "
                                    "`task.predict` \"every\""
                                  : "an encoder-decoder answers with a sequence: take `task.predict` \"sequence\", or "
                                    "another `model.arch`"};
}

std::optional<Problem> vocabulary_can_be_shared(const Config& config, const Node& given) {
  if (!is_jsonl(config)) return std::nullopt;
  const DataConfig& data = config.task.data;
  const bool same =
      word(config, "task.input.kind") == word(config, "task.target.kind") && are_symbols(data.target.kind);
  const bool one_table = data.predict == DataPrediction::kSequence && config.model.arch == Arch::kDecoder;
  const bool shared = data.vocabulary == VocabularyUse::kShared;
  if (shared && !same) {
    return Problem{.what =
                       fmt::format("`task.vocabulary` \"shared\" needs one kind of symbols, but the input is \"{}\" "
                                   "and the target \"{}\"",
                                   word(config, "task.input.kind"), word(config, "task.target.kind")),
                   .place = {},
                   .help = "remove it"};
  }
  if (one_table && !shared) {
    return Problem{.what = fmt::format("a decoder reads input and answer as one sequence, so both need one vocabulary; "
                                       "they are \"{}\" and \"{}\"{}",
                                       word(config, "task.input.kind"), word(config, "task.target.kind"),
                                       same ? ", with `task.vocabulary` \"separate\"" : ""),
                   .place = {},
                   .help = same ? "set `task.vocabulary` to \"shared\"" : "set `model.arch` to \"encoder-decoder\""};
  }
  if (shared && is_given(given, "task.input.vocab") && is_given(given, "task.target.vocab") &&
      data.input.vocab != data.target.vocab) {
    return Problem{.what = fmt::format("`task.input.vocab` is {} and `task.target.vocab` {}, but the vocabulary is "
                                       "shared",
                                       *data.input.vocab, *data.target.vocab),
                   .place = {},
                   .help = "give one of them, or set `task.vocabulary` to \"separate\""};
  }
  return std::nullopt;
}

std::optional<Problem> loss_fits_targets(const Config& config, const Node& /*given*/) {
  if (!is_jsonl(config)) return std::nullopt;
  const bool numbers = is_answered_with_numbers(config);
  const bool mse = config.loss.type == LossType::kMse;
  if (numbers && !mse) {
    return Problem{.what = fmt::format("`task.target.kind` \"{}\" is made of numbers, but `loss.type` is "
                                       "\"cross_entropy\"",
                                       word(config, "task.target.kind")),
                   .place = {},
                   .help = "set `loss.type` to \"mse\""};
  }
  if (mse && config.task.data.predict == DataPrediction::kPointer) {
    return Problem{.what = "a pointer chooses a position, but `loss.type` is \"mse\"",
                   .place = {},
                   .help = "set `loss.type` to \"cross_entropy\""};
  }
  return std::nullopt;
}

}  // namespace

const std::vector<Rule>& data_rules() {
  static const std::vector<Rule> all = {
      {{"trainer.sampling", "task.type", "task.order"}, sampling_fits_task},
      {{"model.arch", "task.type"}, continued_by_decoder},
      {{"model.max_len", "task.type"}, windows_have_length},
      {{"task.target.kind", "task.predict"}, target_fits_prediction},
      {{"task.predict", "model.arch", "task.target.kind"}, prediction_fits_arch},
      {{"task.vocabulary", "task.input.kind", "task.target.kind", "task.predict", "model.arch", "task.input.vocab",
        "task.target.vocab"},
       vocabulary_can_be_shared},
      {{"loss.type", "task.target.kind", "task.predict"}, loss_fits_targets},
  };
  return all;
}

}  // namespace headlight::config::schema
