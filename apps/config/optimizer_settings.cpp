#include "apps/config/optimizer_settings.h"

namespace headlight::config {
namespace {

bool is_adam(OptimizerType type) { return type == OptimizerType::kAdam || type == OptimizerType::kAdamW; }

/// Keras puts its epsilon beside a root that is not corrected for bias, and makes it larger.
double adam_eps(AdamForm form) { return form == AdamForm::kKeras ? 1e-7 : 1e-8; }

void take_adam_figures(OptimizerConfig& own, const OptimizerConfig& from) {
  own.betas = from.betas;
  own.eps = from.eps;
  own.form = from.form;
}

}  // namespace

bool has_decoupled_decay(OptimizerType type) {
  switch (type) {
    case OptimizerType::kSgd:
    case OptimizerType::kAdam:
    case OptimizerType::kRmsprop:
      return false;
    case OptimizerType::kAdamW:
    case OptimizerType::kLion:
    case OptimizerType::kMuon:
    case OptimizerType::kAdafactor:
    case OptimizerType::kScheduleFree:
      break;
  }
  return true;
}

OptimizerConfig default_settings(OptimizerType type, AdamForm form) {
  OptimizerConfig own{.type = type, .lr = 1e-3, .betas = {0.9, 0.999}, .eps = adam_eps(form), .form = form};
  own.accumulate = 1;
  const bool keras = form == AdamForm::kKeras;
  switch (type) {
    case OptimizerType::kSgd:
    case OptimizerType::kAdam:
      break;
    case OptimizerType::kAdamW:
      own.weight_decay = 0.01;
      break;
    case OptimizerType::kRmsprop:
      own.lr = 0.01;
      own.alpha = 0.99;
      break;
    case OptimizerType::kLion:
      own.lr = 1e-4;
      own.betas = {0.9, 0.99};
      break;
    case OptimizerType::kMuon:
      own.momentum = 0.95;
      own.nesterov = true;
      own.weight_decay = keras ? 0.004 : 0.1;
      own.adjustment = keras ? MuonAdjustment::kMatchRmsAdamW : MuonAdjustment::kOriginal;
      own.adamw_lr = own.lr;
      break;
    case OptimizerType::kAdafactor:
      own.lr = 0.01;
      break;
    case OptimizerType::kScheduleFree:
      own.lr = 0.0025;
      break;
  }
  return own;
}

OptimizerConfig settings_of(const OptimizerConfig& optimizer, const ParameterGroup& group) {
  const OptimizerType type = group.type.value_or(optimizer.type);
  OptimizerConfig own = optimizer;
  if (type != optimizer.type) {
    own = default_settings(type);
    own.lr = optimizer.lr;
    own.decay = optimizer.decay;
    if (has_decoupled_decay(type) == has_decoupled_decay(optimizer.type)) {
      own.weight_decay = optimizer.weight_decay;
      own.l2 = optimizer.l2;
    } else {
      own.weight_decay = 0;
      own.l2 = 0;
    }
    const bool beside_muon = optimizer.type == OptimizerType::kMuon && type == OptimizerType::kAdamW;
    if (beside_muon) own.lr = optimizer.adamw_lr;
    if (beside_muon || (is_adam(type) && is_adam(optimizer.type))) take_adam_figures(own, optimizer);
  }
  own.groups.clear();
  own.lr = group.lr.value_or(own.lr);
  (has_decoupled_decay(type) ? own.weight_decay : own.l2) =
      group.weight_decay.value_or(has_decoupled_decay(type) ? own.weight_decay : own.l2);
  return own;
}

}  // namespace headlight::config
