// Keys of what is made small, and how: `loss` and `optimizer`.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/optimizer_settings.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

const char* supervised_block(const Config& c) {
  switch (c.model.arch) {
    case Arch::kEncoder:
      return "enc.self";
    case Arch::kDecoder:
      return "dec.self";
    case Arch::kEncoderDecoder:
      break;
  }
  return "dec.cross";
}

OptimizerConfig optimizer_default(const Config& config) {
  return default_settings(config.optimizer.type, config.optimizer.form);
}

using C = Config;
using Supervised = AttentionLossConfig;
using Optim = OptimizerConfig;

}  // namespace

std::vector<Key> loss_rows() {
  const Need supervised = need([](const C& c) { return c.loss.attention.weight.has_value(); },
                               "`loss.attention.weight` is not given", "give the weight, or remove `loss.attention`");
  return {
      {.path = "loss", .type = object(), .doc = "what is made small"},
      {.path = "loss.type",
       .type = choice<LossType>({{"cross_entropy", LossType::kCrossEntropy}, {"mse", LossType::kMse}}),
       .fallback = derived("cross_entropy; with linreg mse",
                           [](const C& c) { return c.task.type == TaskType::kLinreg ? "mse" : "cross_entropy"; }),
       .doc = "cross-entropy, or the squared error (of classes: against their one-hot vectors)",
       .field = at(&C::loss, &LossConfig::type)},
      {.path = "loss.label_smoothing",
       .type = number({.from = 0, .to = 1}),
       .fallback = is(0.0),
       .doc = "share of the target that all classes get alike",
       .field = at(&C::loss, &LossConfig::label_smoothing),
       .only = only_for("type", {"cross_entropy"})},
      {.path = "loss.attention", .type = object(), .doc = "teach one head where to look: -log of its weight there"},
      {.path = "loss.attention.block",
       .type = attention_blocks(),
       .fallback = derived("enc.self, dec.self or dec.cross, as `model.arch` has it",
                           [](const C& c) { return supervised_block(c); }),
       .doc = "which attention",
       .field = at(&C::loss, &LossConfig::attention, &Supervised::block),
       .needs = {supervised}},
      {.path = "loss.attention.layer",
       .type = integer(0, 255),
       .fallback = is(0),
       .doc = "its layer, from 0",
       .field = at(&C::loss, &LossConfig::attention, &Supervised::layer),
       .needs = {supervised}},
      {.path = "loss.attention.head",
       .type = integer(0, 1023),
       .fallback = is(0),
       .doc = "its head, from 0",
       .field = at(&C::loss, &LossConfig::attention, &Supervised::head),
       .needs = {supervised}},
      {.path = "loss.attention.target",
       .type = choice<AttentionGoal>(
           {{"task", AttentionGoal::kTask}, {"previous", AttentionGoal::kPrevious}, {"same", AttentionGoal::kSame}}),
       .fallback = is("task"),
       .doc = "the key it should read: the one that the task names, the previous position, or its own",
       .field = at(&C::loss, &LossConfig::attention, &Supervised::target),
       .needs = {supervised}},
      {.path = "loss.attention.weight",
       .type = number({.above = 0, .to = 1e6}),
       .fallback = absent("no head is supervised"),
       .doc = "factor on this part of the loss",
       .field = at(&C::loss, &LossConfig::attention, &Supervised::weight)},
  };
}

std::vector<Key> optimizer_rows() {
  const Condition rmsprop = only_for("type", {"rmsprop"});
  const Condition muon = only_for("type", {"muon"});
  const Type share = number({.from = 0, .below = 1});
  return {
      {.path = "optimizer", .type = object(), .doc = "how the weights follow the gradient"},
      {.path = "optimizer.type",
       .type = optimizer_types(),
       .fallback = is("adamw"),
       .doc = "the algorithm; muon updates hidden matrices, and the rest by adamw",
       .field = at(&C::optimizer, &Optim::type)},
      {.path = "optimizer.lr",
       .type = number({.above = 0, .to = 1000}),
       .fallback = derived("0.001; with rmsprop and adafactor 0.01, lion 0.0001, schedule_free 0.0025",
                           [](const C& c) { return optimizer_default(c).lr; }),
       .doc = "learning rate before the schedule",
       .field = at(&C::optimizer, &Optim::lr),
       .alias = "lr"},
      {.path = "optimizer.form",
       .type = choice<AdamForm>({{"torch", AdamForm::kTorch}, {"keras", AdamForm::kKeras}, {"mlx", AdamForm::kMlx}}),
       .fallback = derived("torch; with compat keras or founding keras",
                           [](const C& c) { return is_keras(c) ? "keras" : "torch"; }),
       .doc = "whose Adam, with muon that of its adamw: keras has eps beside the uncorrected root, mlx has no bias "
              "correction; muon follows keras in its own defaults too",
       .field = at(&C::optimizer, &Optim::form),
       .only = only_for("type", {"adam", "adamw", "muon"})},
      {.path = "optimizer.betas",
       .type = list(share, 2, 2),
       .fallback =
           derived("[0.9, 0.999]; with lion [0.9, 0.99]", [](const C& c) { return optimizer_default(c).betas; }),
       .doc = "decay per step of the first and second moment; with muon those of its adamw",
       .field = at(&C::optimizer, &Optim::betas),
       .only = only_for("type", {"adam", "adamw", "lion", "muon", "schedule_free"})},
      {.path = "optimizer.eps",
       .type = number({.above = 0, .to = 1}),
       .fallback = derived("1e-8; with form \"keras\" 1e-7", [](const C& c) { return optimizer_default(c).eps; }),
       .doc = "added to the root of the second moment; with muon that of its adamw",
       .field = at(&C::optimizer, &Optim::eps),
       .only = only_for("type", {"adam", "adamw", "rmsprop", "muon", "schedule_free"})},
      {.path = "optimizer.alpha",
       .type = share,
       .fallback = is(0.99),
       .doc = "decay per step of the mean square; others call it rho",
       .field = at(&C::optimizer, &Optim::alpha),
       .only = rmsprop},
      {.path = "optimizer.centered",
       .type = boolean(),
       .fallback = is(false),
       .doc = "divide by the standard deviation instead of the root of the mean square",
       .field = at(&C::optimizer, &Optim::centered),
       .only = rmsprop},
      {.path = "optimizer.momentum",
       .type = share,
       .fallback = derived("0; with muon 0.95", [](const C& c) { return optimizer_default(c).momentum; }),
       .doc = "decay per step of the velocity",
       .field = at(&C::optimizer, &Optim::momentum),
       .only = only_for("type", {"sgd", "rmsprop", "muon"})},
      {.path = "optimizer.nesterov",
       .type = boolean(),
       .fallback = derived("false; with muon true", [](const C& c) { return optimizer_default(c).nesterov; }),
       .doc = "Nesterov's form of momentum",
       .field = at(&C::optimizer, &Optim::nesterov),
       .only = only_for("type", {"sgd", "muon"})},
      {.path = "optimizer.adjustment",
       .type = choice<MuonAdjustment>(
           {{"original", MuonAdjustment::kOriginal}, {"match_rms_adamw", MuonAdjustment::kMatchRmsAdamW}}),
       .fallback = derived("original; with form \"keras\" match_rms_adamw",
                           [](const C& c) {
                             const bool match = optimizer_default(c).adjustment == MuonAdjustment::kMatchRmsAdamW;
                             return match ? "match_rms_adamw" : "original";
                           }),
       .doc = "factor of a step on a matrix (rows, cols): sqrt(max(1, rows / cols)), or 0.2 sqrt(max(rows, cols))",
       .field = at(&C::optimizer, &Optim::adjustment),
       .only = muon},
      {.path = "optimizer.adamw_lr",
       .type = number({.above = 0, .to = 1000}),
       .fallback = derived("`optimizer.lr`", [](const C& c) { return c.optimizer.lr; }),
       .doc = "learning rate of what is no hidden matrix: embeddings, positions, the output head and vectors",
       .field = at(&C::optimizer, &Optim::adamw_lr),
       .only = muon},
      {.path = "optimizer.weight_decay",
       .type = number({.from = 0, .to = 1000}),
       .fallback = derived("0.01 with adamw, 0.1 with muon (form \"keras\": 0.004), else 0",
                           [](const C& c) { return optimizer_default(c).weight_decay; }),
       .doc = "decoupled decay: each step takes lr * weight_decay * weight away",
       .field = at(&C::optimizer, &Optim::weight_decay),
       .only = only_for("type", {"adamw", "lion", "muon", "adafactor", "schedule_free"})},
      {.path = "optimizer.l2",
       .type = number({.from = 0, .to = 1000}),
       .fallback = is(0.0),
       .doc = "coupled decay: l2 * weight is added to the gradient",
       .field = at(&C::optimizer, &Optim::l2),
       .only = only_for("type", {"sgd", "adam", "rmsprop"})},
      {.path = "optimizer.decay",
       .type = choice<Decay>({{"matrices", Decay::kMatrices}, {"all", Decay::kAll}}),
       .fallback = is("matrices"),
       .doc = "which parameters decay; matrices are those of two or more axes",
       .field = at(&C::optimizer, &Optim::decay)},
      {.path = "optimizer.groups",
       .type = list(object(), 0, 1000),
       .fallback = is(Json::array()),
       .doc = "settings for some parameters",
       .field = at(&C::optimizer, &Optim::groups)},
      {.path = "optimizer.groups[].match",
       .type = text(),
       .fallback = required(),
       .doc = "pattern of dotted parameter names; `*` stands for any characters"},
      {.path = "optimizer.groups[].lr",
       .type = number({.from = 0, .to = 1000}),
       .fallback = absent("the optimizer's"),
       .doc = "learning rate of the group; 0 freezes it"},
      {.path = "optimizer.groups[].weight_decay",
       .type = number({.from = 0, .to = 1000}),
       .fallback = absent("the optimizer's, where the type of the group has the same kind of decay"),
       .doc = "weight_decay or l2 of the group, on all its parameters"},
      {.path = "optimizer.groups[].type",
       .type = optimizer_types(),
       .fallback = absent("the optimizer's"),
       .doc = "the algorithm of the group, with its defaults; muon leaves what is no matrix to the optimizer's"},
      {.path = "optimizer.grad_clip",
       .type = number({.above = 0, .to = 1e6}),
       .fallback = absent("no clipping"),
       .doc = "largest norm of the gradient over all parameters",
       .field = at(&C::optimizer, &Optim::grad_clip)},
      {.path = "optimizer.accumulate",
       .type = integer(1, 1e6),
       .fallback = is(1),
       .doc = "micro-batches of `trainer.batch_size` in one update, which is that of one batch of all their sequences; "
              "dropout and batch statistics are each one's own",
       .field = at(&C::optimizer, &Optim::accumulate)},
      {.path = "optimizer.ema",
       .type = share,
       .fallback = absent("no average"),
       .doc = "decay per update of an average of the weights, which is evaluated and saved in their place",
       .field = at(&C::optimizer, &Optim::ema),
       .only = only_for("type", {"sgd", "adam", "adamw", "rmsprop", "lion", "muon", "adafactor"})},
  };
}

}  // namespace headlight::config::schema
