#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "autograd/scopes.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct SilentRecorder : AttentionRecorder {
  std::size_t calls = 0;
  void record(const std::string&, const Tensor&, std::size_t) override { ++calls; }
};

/// Masks under which modes are compared: none, and the strongest that is obeyed.
std::vector<Mask> compared_masks(const Study& study) {
  return {Mask(), strongest_mask(study, study.probe.batch(), study.probe.length())};
}

void try_training(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  if (probe.subject().promises.batch_statistics)
    return row.skip("declared to use statistics of the batch while training");
  if (study.has_dropout && !probe.subject().make_without_dropout) {
    return row.skip("its dropout cannot be set to 0 from here; check it once more with dropout 0");
  }
  const std::unique_ptr<Module> module = probe.calm_instance();
  const CheckInputs inputs = probe.inputs();
  for (const Mask& mask : compared_masks(study)) {
    const CheckPass evaluation = probe.pass(*module, inputs, {.mask = mask});
    const CheckPass training = probe.pass(*module, inputs, {.training = true, .mask = mask});
    const std::string what = difference_of(evaluation, training);
    if (what.empty()) continue;
    return row.fail(what + " differs between training and evaluation",
                    "look at what depends on context.training besides dropout, and for dropout that is not at 0");
  }
  row.pass("outputs and gradients: same bytes");
}

void try_no_grad(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const CheckInputs inputs = probe.inputs();
  for (const Mask& mask : compared_masks(study)) {
    const CheckCall call{.mask = mask};
    if (same_bytes(probe.run(*study.module, inputs, call).value(), probe.output(*study.module, inputs, call))) continue;
    return row.fail("the output differs inside NoGrad",
                    "look for a second code path that is taken when no gradient is required");
  }
  row.pass("outputs: same bytes");
}

void try_recording(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const CheckInputs inputs = probe.inputs();
  SilentRecorder recorder;
  for (const bool training : {false, true}) {
    for (const Mask& mask : compared_masks(study)) {
      const CheckPass plain = probe.pass(*study.module, inputs, {.training = training, .mask = mask});
      const std::string what =
          difference_of(plain,
                        probe.pass(*study.module, inputs, {.training = training, .mask = mask, .recorder = &recorder}));
      if (what.empty()) continue;
      return row.fail(what + " differs when a recorder listens" + (training ? ", while training" : ""),
                      "look at what is done only where context.recorder is set: it may look, but not compute");
    }
  }
  if (recorder.calls == 0) return row.skip("it tells a recorder of no attention weights");
  row.pass("outputs and gradients: same bytes");
}

void try_evaluation(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const CheckInputs inputs = probe.inputs();
  const Array plain = probe.output(*study.module, inputs, {.random = false});
  for (const std::uint64_t step : {1U, 2U, 3U}) {
    if (same_bytes(plain, probe.output(*study.module, inputs, {.step = step}))) continue;
    return row.fail("the output depends on Context::random in evaluation",
                    "dropout must do nothing unless context.training is set");
  }
  row.pass(study.has_dropout ? "same bytes; dropout while training alone"
                             : "same bytes; no dropout while training either");
}

}  // namespace

std::vector<CheckRow> check_modes(const Study& study) {
  return {run_check("training mode", "training, dropout 0, against evaluation",
                    [&](RowBuilder& row) { try_training(study, row); }),
          run_check("no-grad", "inside NoGrad against outside", [&](RowBuilder& row) { try_no_grad(study, row); }),
          run_check("recording", "with and without a recorder", [&](RowBuilder& row) { try_recording(study, row); }),
          run_check("evaluation", "with and without randomness", [&](RowBuilder& row) { try_evaluation(study, row); })};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
