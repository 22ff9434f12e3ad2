#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace headlight::config {

struct Config;

// Examples that come from the user's files: `task.type` "text", "lines" and "jsonl".

enum class TextLevel { kChar, kByte };
enum class InputKind { kTokens, kChars, kWords, kVectors };
enum class TargetKind { kTokens, kChars, kWords, kClass, kIndex, kValue, kVectors };
enum class DataPrediction { kEvery, kLast, kPooled, kSequence, kPointer };
enum class DataOrder { kShuffle, kSequential };
enum class VocabularyUse { kShared, kSeparate };

/// One field of a JSON line.
template <class Kind>
struct FieldConfig {
  std::string field;
  Kind kind{};
  std::optional<std::size_t> vocab;  ///< ids are below it; empty: one more than the largest in the files
};

/// What only the files tell.
struct DataSizes {
  std::optional<std::uint64_t> train_examples;  ///< empty: none are asked for
  std::uint64_t eval_examples{};
  std::size_t positions{};  ///< of the longest sequence that a model reads
};

/// Members that the type does not read are empty; the table says which it reads.
struct DataConfig {
  std::string path;
  TextLevel level{};
  double split{};
  std::optional<std::size_t> eval_examples;
  std::uint64_t split_seed{};
  std::string train_file;
  std::optional<std::string> eval_file;
  FieldConfig<InputKind> input;
  FieldConfig<TargetKind> target;
  DataPrediction predict{};
  std::int64_t ignore{};
  DataOrder order{};
  VocabularyUse vocabulary{};
  std::optional<DataSizes> sizes;  ///< empty until the files have been read
};

/// Whether the examples come from files of the user. How many there are is known once the files have been read.
bool reads_files(const Config& config);

/// Whether the number of examples is known.
bool is_measured(const Config& config);

/// Writes what reading the files has shown into the config: sizes of both sets and of the longest sequence.
void set_sizes(Config& config, const DataSizes& sizes);

}  // namespace headlight::config
