#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/inspection_config.h"
#include "apps/config/task_config.h"
#include "apps/config/trainer_config.h"

namespace headlight::config {

// The resolved configuration of a run, as plain typed values. Defaults, ranges and the meaning of each key stand in one
// place, the table in apps/config/schema_*.cpp; the members here are only zeroed. An empty optional means "off" or "not
// asked for".

enum class Compat { kTorch, kKeras, kFounding };
enum class Arch { kEncoder, kDecoder, kEncoderDecoder };
enum class Norm { kPre, kPost, kSandwich, kParallel, kNone };
enum class NormType { kLayer, kRms, kBatch };
enum class ResidualKind { kPlain, kScaled, kGated };
enum class Activation { kRelu, kGelu, kGeluTanh, kSilu, kTanh, kSwiglu, kGeglu };
enum class Positions { kSinusoidal, kLearned, kRope, kAlibi, kRelative, kNone };
enum class AttentionScore { kScaledDot, kDot, kBilinear, kAdditive, kCosine, kL2 };
enum class AttentionWeighting { kSoftmax, kSigmoid, kTopK };
enum class Combine { kConcat, kSum };
enum class ValueKind { kDense, kConv1d };
enum class Sink { kNone, kLearned, kZero };
enum class RopePairing { kHalves, kAdjacent };
enum class Head { kLinear, kMlp };
enum class LossType { kCrossEntropy, kMse };
enum class AttentionGoal { kTask, kPrevious, kSame };
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

/// Which weights are divided by the root of how many writes to the residual stream: none, those of all layers, or a
/// number that is given.
struct ResidualScale {
  bool by_layers{};
  std::size_t writes{};  ///< 0: not given
};

struct InitConfig {
  InitScheme scheme{};
  double std{};                         ///< meaningful with InitScheme::kNormal only
  std::optional<double> embedding_std;  ///< empty: as the scheme says
  std::optional<double> head_std;       ///< empty: as the scheme says
  ResidualScale residual_scale;
};

/// Layers in the composed form, as the JSON text of a list.
struct LayerList {
  std::string json;
};

struct AttentionConfig {
  AttentionScore score{};
  AttentionWeighting weights{};
  std::size_t top_k{};  ///< meaningful with AttentionWeighting::kTopK
  Combine combine{};
  ValueKind value{};
  std::size_t value_kernel{};  ///< meaningful with ValueKind::kConv1d
  std::optional<std::size_t> window;
  Sink sink{};
  std::optional<double> softcap;
  bool qk_norm{};
  bool talking_heads{};
  RopePairing rope_pairing{};  ///< meaningful with Positions::kRope
  std::size_t max_distance{};  ///< meaningful with Positions::kRelative
  std::size_t key_size{};
  std::size_t value_size{};
  std::size_t out_size{};
};

struct LoadConfig {
  std::optional<std::string> file;  ///< absolute path of a safetensors file; empty loads nothing
  std::optional<std::map<std::string, std::string>> rename;  ///< name in that file -> our name
};

struct ModelConfig {
  Arch arch{};
  std::optional<LayerList> blocks;          ///< of an encoder-decoder: the decoder's
  std::optional<LayerList> encoder_blocks;  ///< of an encoder-decoder
  std::size_t d_model{};
  std::size_t heads{};
  std::size_t kv_heads{};
  std::size_t head_dim{};
  std::size_t d_ff{};
  std::size_t layers{};
  std::size_t encoder_layers{};
  std::size_t decoder_layers{};
  bool attention_only{};
  Norm norm{};
  ResidualKind residual{};
  double skip_scale = 1;  ///< where the key has no effect, 1: the input as it is
  bool final_norm{};
  NormType norm_type{};
  double norm_eps{};
  bool norm_bias{};
  Activation activation{};
  Positions positions{};
  std::optional<std::size_t> randomised_positions;
  std::size_t max_len{};
  AttentionConfig attention;
  DropoutConfig dropout;
  BiasConfig bias;
  Head head{};
  bool tie_embeddings{};
  bool scale_embeddings{};
  InitConfig init;
  LoadConfig load;
};

/// The map of one head that is pulled towards the keys that it should read.
struct AttentionLossConfig {
  AttentionBlock block{};
  std::size_t layer{};
  std::size_t head{};
  AttentionGoal target{};
  std::optional<double> weight;  ///< empty: no head is supervised
};

struct LossConfig {
  LossType type{};
  double label_smoothing{};
  AttentionLossConfig attention;
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

struct LoggingConfig {
  bool jsonl{};
  bool tensorboard{};
  bool tensorboard_images{};
};

struct OutputConfig {
  std::string root;
  bool view{};
};

struct Config {
  std::size_t format{};
  std::string name;
  std::uint64_t seed{};
  std::optional<Compat> compat;  ///< empty: Headlight's own defaults
  TaskConfig task;
  ModelConfig model;
  LossConfig loss;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  TrainerConfig trainer;
  ProbesConfig probes;
  SnapshotsConfig snapshots;
  HeadsConfig heads;
  LoggingConfig logging;
  OutputConfig output;
};

/// Whether targets are numbers, of which none is right or wrong.
bool is_answered_with_numbers(const Config& config);

/// Positions of the longest sequence that the task has for the model's architecture. 0 where only its files tell.
std::size_t needed_positions(const Config& config);

/// Size of the fixed training set: `task.train_examples`, or what the task makes of its other keys. Empty where every
/// example is new.
std::optional<std::size_t> training_examples(const Config& config);

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
