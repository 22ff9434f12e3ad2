#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace headlight::config {

// The resolved configuration of a run, as plain typed values. Defaults, ranges and the meaning of each key stand in one
// place, the table in apps/config/schema.cpp; the members here are only zeroed. An empty optional means "off" or "not
// asked for".

enum class TaskType { kReverse };
enum class Arch { kEncoder };
enum class Norm { kPre, kPost };
enum class Activation { kRelu, kGelu, kGeluTanh, kSilu, kTanh };
enum class Positions { kSinusoidal, kLearned, kNone };
enum class Head { kLinear, kMlp };
enum class InitScheme { kNormal, kXavierUniform, kTorch, kKeras, kScaledNormal };
enum class OptimizerType { kSgd, kAdam, kAdamW, kRmsprop, kLion, kMuon, kAdafactor, kScheduleFree };
enum class AdamForm { kTorch, kKeras, kMlx };
enum class MuonAdjustment { kOriginal, kMatchRmsAdamW };
enum class Decay { kMatrices, kAll };
enum class ScheduleType {
  kConstant,
  kLinear,
  kCosine,
  kCosineTimesWarmup,
  kCosinePerEpoch,
  kNoam,
  kInverseSqrt,
  kStep,
  kWsd
};
enum class Warmup { kFromZero, kFromFirst };
enum class Sampling { kEpochs, kFresh };
enum class NonFinite { kStop, kSkip };

struct EvalConfig {
  std::size_t examples{};
  std::uint64_t seed{};
};

struct TaskConfig {
  TaskType type{};
  std::size_t symbols{};
  std::size_t length{};
  std::optional<std::size_t> train_examples;  ///< size of the fixed training set; empty with fresh examples
  EvalConfig eval;
};

struct DropoutConfig {
  double embedding{};
  double input{};
  double attention{};
  double residual{};
  double ff{};
};

struct BiasConfig {
  bool embedding{};
  bool attention{};
  bool ff{};
  bool head{};
};

struct InitConfig {
  InitScheme scheme{};
  double std{};  ///< meaningful with InitScheme::kNormal only
  bool residual_scale{};
};

struct LoadConfig {
  std::optional<std::string> file;  ///< absolute path of a safetensors file; empty loads nothing
  std::optional<std::map<std::string, std::string>> rename;  ///< name in that file -> our name
};

struct ModelConfig {
  Arch arch{};
  std::size_t d_model{};
  std::size_t heads{};
  std::size_t head_dim{};
  std::size_t d_ff{};
  std::size_t layers{};
  Norm norm{};
  bool final_norm{};
  double norm_eps{};
  bool norm_bias{};
  Activation activation{};
  Positions positions{};
  std::size_t max_len{};
  DropoutConfig dropout;
  BiasConfig bias;
  Head head{};
  bool scale_embeddings{};
  InitConfig init;
  LoadConfig load;
};

/// Settings for the parameters whose dotted name matches; an empty member keeps the optimizer's own.
struct ParameterGroup {
  std::string match;
  std::optional<double> lr;
  std::optional<double> weight_decay;  ///< the decay that the type has: see has_decoupled_decay()
  std::optional<OptimizerType> type;
};

/// Members that the type does not read are zero; the table says which it reads.
struct OptimizerConfig {
  OptimizerType type{};
  double lr{};
  std::array<double, 2> betas{};
  double eps{};
  double momentum{};
  bool nesterov{};
  double weight_decay{};  ///< decoupled
  double l2{};            ///< added to the gradient
  Decay decay{};
  std::vector<ParameterGroup> groups{};
  std::optional<double> grad_clip{};
  AdamForm form{};  ///< of adam and adamw
  double alpha{};   ///< of rmsprop, like centered
  bool centered{};
  MuonAdjustment adjustment{};  ///< of muon, like adamw_lr
  double adamw_lr{};
  std::size_t accumulate{};     ///< micro-batches of one update
  std::optional<double> ema{};  ///< decay of an average of the weights
};

struct ScheduleConfig {
  ScheduleType type{};
  std::size_t warmup_steps{};
  Warmup warmup{};
  std::size_t steps{};  ///< length of the decay; zero where there is none
  double final_lr_ratio{};
  double factor{};
  double gamma{};  ///< meaningful with ScheduleType::kStep, like every
  std::size_t every{};
  std::size_t decay_steps{};  ///< meaningful with ScheduleType::kWsd
  std::size_t epoch_steps{};  ///< meaningful with ScheduleType::kCosinePerEpoch
};

/// `count` examples, or the whole training set when `full`.
struct BatchSize {
  bool full{};
  std::size_t count{};
};

struct CheckpointConfig {
  std::size_t every{};
  std::size_t keep{};
};

struct TrainerConfig {
  std::optional<std::size_t> steps;  ///< exactly one of steps and epochs is set: see total_steps()
  std::optional<std::size_t> epochs;
  BatchSize batch_size;
  Sampling sampling{};
  bool drop_last{};
  std::optional<std::size_t> threads;  ///< empty: one per core
  std::size_t log_every{};
  std::size_t eval_every{};
  std::size_t eval_examples{};
  CheckpointConfig checkpoint;
  NonFinite non_finite{};
};

struct LoggingConfig {
  bool jsonl{};
};

struct OutputConfig {
  std::string root;
};

struct Config {
  std::size_t format{};
  std::string name;
  std::uint64_t seed{};
  TaskConfig task;
  ModelConfig model;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  TrainerConfig trainer;
  LoggingConfig logging;
  OutputConfig output;
};

/// Examples in one full micro-batch: `trainer.batch_size`, or the size of the training set when that is "full".
std::size_t batch_examples(const Config& config);

/// Micro-batches in one pass over the fixed training set: floor(examples / batch) with `drop_last`, else ceil. 0
/// without a set.
std::size_t batches_per_epoch(const Config& config);

/// Updates in one pass over the fixed training set, the last one perhaps reaching into the next: `optimizer.accumulate`
/// micro-batches make one. 0 without a set.
std::size_t steps_per_epoch(const Config& config);

/// Updates of the whole run: `trainer.steps`, or as many as cover `trainer.epochs` passes.
std::size_t total_steps(const Config& config);

/// The resolved config: every key that has an effect, in the order of the table, with defaults written out. Reading it
/// again gives the same Config.
nlohmann::ordered_json to_json(const Config& config);

}  // namespace headlight::config
