#include "apps/training/build_algorithm.h"

#include <memory>

#include "apps/config/optimizer_settings.h"
#include "core/error.h"
#include "optim/adafactor.h"
#include "optim/adam.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "optim/rmsprop.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

AdamForm form_of(config::AdamForm form) {
  switch (form) {
    case config::AdamForm::kTorch:
      return AdamForm::torch;
    case config::AdamForm::kKeras:
      return AdamForm::keras;
    case config::AdamForm::kMlx:
      return AdamForm::mlx;
  }
  raise<StateError>("optimizer", "a form of Adam of the config has no counterpart in optim");
}

MuonOptions muon_options(const config::OptimizerConfig& optimizer, const OptimizerOptions& common,
                         const std::vector<std::string>& not_hidden) {
  OptimizerOptions of_adamw = common;
  of_adamw.learning_rate = optimizer.adamw_lr;
  const bool match = optimizer.adjustment == config::MuonAdjustment::kMatchRmsAdamW;
  return {.common = common,
          .momentum = optimizer.momentum,
          .nesterov = optimizer.nesterov,
          .adjustment = match ? MuonAdjustment::match_rms_adamw : MuonAdjustment::original,
          .adamw = {.common = of_adamw,
                    .beta1 = optimizer.betas[0],
                    .beta2 = optimizer.betas[1],
                    .eps = optimizer.eps,
                    .form = form_of(optimizer.form)},
          .not_hidden = not_hidden};
}

}  // namespace

Algorithm build_algorithm(const config::OptimizerConfig& optimizer, const std::vector<std::string>& not_hidden) {
  const OptimizerOptions common{
      .learning_rate = optimizer.lr,
      .weight_decay = optimizer.weight_decay,
      .l2 = optimizer.l2,
      .decay = optimizer.decay == config::Decay::kAll ? DecayScope::all : DecayScope::matrices,
  };
  const auto [beta1, beta2] = optimizer.betas;
  switch (optimizer.type) {
    case config::OptimizerType::kSgd:
      return algorithm(SgdOptions{.common = common, .momentum = optimizer.momentum, .nesterov = optimizer.nesterov});
    case config::OptimizerType::kAdam:
    case config::OptimizerType::kAdamW:
      return algorithm(AdamOptions{
          .common = common, .beta1 = beta1, .beta2 = beta2, .eps = optimizer.eps, .form = form_of(optimizer.form)});
    case config::OptimizerType::kRmsprop:
      return algorithm(RmspropOptions{.common = common,
                                      .alpha = optimizer.alpha,
                                      .eps = optimizer.eps,
                                      .momentum = optimizer.momentum,
                                      .centered = optimizer.centered});
    case config::OptimizerType::kLion:
      return algorithm(LionOptions{.common = common, .beta1 = beta1, .beta2 = beta2});
    case config::OptimizerType::kMuon:
      return algorithm(muon_options(optimizer, common, not_hidden));
    case config::OptimizerType::kAdafactor:
      return algorithm(AdafactorOptions{.common = common});
    case config::OptimizerType::kScheduleFree:
      return algorithm(ScheduleFreeOptions{.common = common, .beta1 = beta1, .beta2 = beta2, .eps = optimizer.eps});
  }
  raise<StateError>("optimizer", "a type of the config has no counterpart in optim");
}

GroupOptions build_group(const config::OptimizerConfig& optimizer, const config::ParameterGroup& group) {
  const config::OptimizerConfig own = config::settings_of(optimizer, group);
  GroupOptions built{.match = group.match, .learning_rate = group.lr};
  (config::has_decoupled_decay(own.type) ? built.weight_decay : built.l2) = group.weight_decay;
  if (group.type) built.algorithm = std::make_shared<Algorithm>(build_algorithm(own, {}));
  return built;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
