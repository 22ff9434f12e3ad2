#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// A pair that must not be.
struct Leak {
  std::size_t member, query, key;
};

/// Outputs behind the lengths of a padding mask promise nothing.
bool counts(const Study& study, const MaskCase& mask, std::size_t b, std::size_t q) {
  return mask.name != "padding" || !study.has_time || mask.visible(b, 0, q);
}

std::vector<Leak> leaks_in(const Study& study, const MaskCase& mask, const Influence& seen) {
  const std::vector<bool> promised = study.promised(mask);
  std::vector<Leak> leaks;
  std::size_t i = 0;
  for (std::size_t b = 0; b < seen.batch(); ++b) {
    for (std::size_t q = 0; q < seen.queries(); ++q) {
      for (std::size_t k = 0; k < seen.keys(); ++k, ++i) {
        if (seen.reads(b, q, k) && !promised[i] && counts(study, mask, b, q)) leaks.push_back({b, q, k});
      }
    }
  }
  return leaks;
}

bool all_of(const std::vector<Leak>& leaks, const std::function<bool(const Leak&)>& condition) {
  for (const Leak& leak : leaks) {
    if (!condition(leak)) return false;
  }
  return true;
}

/// True when every pair that is read would be promised with query and key exchanged, and some mask is not symmetric.
bool looks_transposed(const Study& study, const MaskCase& mask, const Influence& seen) {
  for (std::size_t b = 0; b < seen.batch(); ++b) {
    for (std::size_t q = 0; q < seen.queries(); ++q) {
      for (std::size_t k = 0; k < seen.keys(); ++k) {
        if (k != q && seen.reads(b, q, k) && !mask.visible(b, k, q)) return false;
      }
    }
  }
  return study.has_time;
}

/// What the pattern of the leaks says about their cause, and what to look at.
std::pair<std::string, std::string> diagnosis(const Study& study, const MaskCase& mask, const Influence& seen,
                                              const std::vector<Leak>& leaks, bool training_only) {
  if (training_only) {
    return {"only while training",
            "look for statistics over the time axis (as in batch norm), or for code that depends on context.training"};
  }
  if (study.reach == Reach::position) {
    return {"other positions are read",
            "look for a sum, mean or shift over the time axis: this layer is position-wise"};
  }
  if (mask.name == "no mask") {
    return {"later inputs are read", "this was declared causal by itself: look at where it hides the future"};
  }
  if (seen == study.plain) {
    return {"the mask has no effect",
            "look at whether Context::mask reaches every attention, and for sums or statistics over the time axis"};
  }
  if (looks_transposed(study, mask, seen)) {
    return {"the mask is transposed", "look at which axis of the mask is the query: scores are (B, H, Tq, Tk)"};
  }
  if (mask.name == "padding") {
    return {"positions behind the length are read",
            "look at whether the mask of each batch member is used, with its own length"};
  }
  if (all_of(leaks, [](const Leak& leak) { return leak.key == leak.query + 1; })) {
    return {"one step ahead: off by one",
            "look at a comparison of query and key that says <= where < is meant, or at a shift"};
  }
  if (all_of(leaks, [](const Leak& leak) { return leak.key < leak.query; })) {
    return {"too far back", "look at how the window's width is counted: window(n) is the n keys up to the query's own"};
  }
  if (all_of(leaks, [](const Leak& leak) { return leak.key > leak.query; })) {
    return {"the future is read",
            "look for a place behind the attention that mixes positions without regard to the mask"};
  }
  return {"hidden positions are read", "compare with Mask::explain(), which says why a pair is hidden"};
}

/// All influences under one mask: in evaluation, and while training unless statistics are declared.
struct Measured {
  Influence evaluation;
  std::optional<Influence> training;
};

class LeakChecks {
 public:
  explicit LeakChecks(const Study& study) : study_(study), inputs_(study.probe.inputs()) {}

  CheckRow leak_row(const MaskCase& mask, bool obeyed) {
    const std::string tested = "what outputs read " + std::string(mask.name == "no mask" ? "" : "under ") + mask.tested;
    return run_check("leak: " + mask.name, tested, [&](RowBuilder& row) {
      if (const std::string reason = reason_not_to(mask, obeyed); !reason.empty()) return row.skip(reason);
      judge(mask, row);
    });
  }

  CheckRow batch_row() {
    return run_check("batch", "what members read of each other", [&](RowBuilder& row) { judge_batch(row); });
  }

 private:
  std::string reason_not_to(const MaskCase& mask, bool obeyed) const {
    if (study_.probe.length() < 2) return "sequences of one position have nothing to hide";
    if (!study_.has_time && mask.name != "padding") return "there is one output per sequence, so it may read all of it";
    if (!obeyed) return "declared not to take such masks, or not to keep to them";
    if (mask.name == "no mask" || study_.reach == Reach::position) return "";
    if (study_.reach == Reach::sequence && study_.reach_source == "measured") {
      return "it is causal by itself; declare Reach::mask if it shall keep to masks as well";
    }
    if (study_.reach == Reach::sequence) return "declared to read the whole sequence, whatever the mask";
    return "";
  }

  Influence measure(const MaskCase& mask, bool training) const {
    if (mask.name == "no mask" && !training) return study_.plain;
    return measure_influence(study_.probe, *study_.module, inputs_, {.training = training, .mask = mask.mask},
                             Stream::input, study_.queries);
  }

  void judge(const MaskCase& mask, RowBuilder& row) {
    Measured measured{measure(mask, false), std::nullopt};
    if (!study_.probe.subject().promises.batch_statistics) measured.training = measure(mask, true);
    std::vector<Leak> leaks = leaks_in(study_, mask, measured.evaluation);
    const bool training_only = leaks.empty() && measured.training;
    if (training_only) leaks = leaks_in(study_, mask, *measured.training);
    seen_.push_back({mask.name, measured});
    if (!leaks.empty()) {
      const auto [cause, advice] = diagnosis(study_, mask, measured.evaluation, leaks, training_only);
      return row.fail(fmt::format("{}: output {} of member {} reads input {} ({} pairs of {})", cause,
                                  leaks.front().query, leaks.front().member, leaks.front().key, leaks.size(),
                                  measured.evaluation.batch() * study_.queries * study_.probe.length()),
                      advice);
    }
    row.pass(summary(mask, measured));
  }

  std::string summary(const MaskCase& mask, const Measured& measured) const {
    const std::vector<bool> promised = study_.promised(mask);
    std::size_t allowed = 0;
    std::size_t read = 0;
    std::size_t i = 0;
    for (std::size_t b = 0; b < study_.probe.batch(); ++b) {
      for (std::size_t q = 0; q < study_.queries; ++q) {
        for (std::size_t k = 0; k < study_.probe.length(); ++k, ++i) {
          if (!promised[i] || !counts(study_, mask, b, q)) continue;
          ++allowed;
          read += measured.evaluation.reads(b, q, k) ? 1U : 0U;
        }
      }
    }
    return fmt::format("{} of {} allowed pairs, no other{}", read, allowed,
                       measured.training ? "" : " (evaluation only)");
  }

  void judge_batch(RowBuilder& row) const {
    for (const auto& [name, measured] : seen_) {
      for (const bool training : {false, true}) {
        if (training && !measured.training) continue;
        if (cross_talk(training ? *measured.training : measured.evaluation, name, training, row)) return;
      }
    }
    if (seen_.empty()) {
      const Influence influence = measure(no_mask(), true);
      if (cross_talk(study_.plain, "no mask", false, row)) return;
      if (!study_.probe.subject().promises.batch_statistics && cross_talk(influence, "no mask", true, row)) return;
    }
    judge_alone(row);
  }

  static bool cross_talk(const Influence& seen, const std::string& mask, bool training, RowBuilder& row) {
    const std::string what = cross_talk_in(seen);
    if (what.empty()) return false;
    row.fail(fmt::format("{}, {} ({})", what, training ? "while training" : "in evaluation", mask), kBatchAdvice);
    return true;
  }

  /// A member by itself must give what it gave among others, but for the order of sums.
  void judge_alone(RowBuilder& row) const {
    const Probe& probe = study_.probe;
    const Array among = probe.output(*study_.module, inputs_, {});
    CheckInputs alone = inputs_;
    const auto first = [](const Array& a) {
      Shape shape = a.shape();
      shape[0] = 1;
      Array one = uninitialized(shape);
      std::copy(a.data(), a.data() + one.size(), one.data());
      return one;
    };
    const auto first_ids = [](const Tokens& ids) {
      Tokens one(Shape{1, ids.shape()[1]});
      std::copy_n(ids.data(), one.size(), one.data());
      return one;
    };
    if (probe.reads_tokens()) {
      alone.ids = first_ids(inputs_.ids);
    } else {
      alone.x = Tensor(first(inputs_.x.value()));
    }
    if (inputs_.memory.defined()) alone.memory = Tensor(first(inputs_.memory.value()));
    if (probe.subject().memory_vocabulary != 0) alone.memory_ids = first_ids(inputs_.memory_ids);
    const double difference = relative_difference(probe.output(*study_.module, alone, {}), first(among));
    if (difference > rounding_bound()) {
      return row.fail(fmt::format("a member alone in its batch gives other numbers: relative difference {:.2g}",
                                  difference),
                      "look for a factor that depends on the batch size, such as a mean over axis 0");
    }
    row.pass(fmt::format("nothing; alone it differs by {:.1g}", difference));
  }

  const Study& study_;
  CheckInputs inputs_;
  std::vector<std::pair<std::string, Measured>> seen_;
};

}  // namespace

std::vector<CheckRow> check_leaks(const Study& study) {
  const std::size_t batch = study.probe.batch();
  const std::size_t length = study.probe.length();
  LeakChecks checks(study);
  std::vector<CheckRow> rows;
  rows.push_back(checks.leak_row(no_mask(), true));
  rows.push_back(checks.leak_row(causal_mask(), study.obeys.causal));
  rows.push_back(checks.leak_row(padding_mask(batch, length), study.obeys.padding));
  rows.push_back(checks.leak_row(window_mask(), study.obeys.window));
  rows.push_back(checks.leak_row(allow_mask(batch, length, length), study.obeys.allow));
  rows.push_back(check_memory(study));
  rows.push_back(checks.batch_row());
  return rows;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
