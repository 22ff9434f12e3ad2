#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "core/error.h"
#include "layers/hooks.h"
#include "layers/key_value_cache.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Largest relative difference of a sequence in steps from the same at once: another order of summation.
constexpr double kTolerance = sizeof(Real) == 8 ? 1e-10 : 1e-5;

constexpr const char* kCacheAdvice =
    "keep what later positions read of earlier ones in Context::cache (entry(path()), append_to_cache()) and count "
    "positions from Context::offset; a layer that cannot must throw StateError when context.offset is above 0, as "
    "conv1d "
    "does, or generation goes on from wrong numbers";

/// Positions [begin, end) of (B, T, ...).
Array positions_of(const Array& a, std::size_t begin, std::size_t end) {
  const std::size_t length = a.shape()[1];
  const std::size_t row = a.size() / (a.shape()[0] * length);
  Shape shape = a.shape();
  shape[1] = end - begin;
  Array part = uninitialized(shape);
  for (std::size_t b = 0; b < shape[0]; ++b) {
    std::copy_n(a.data() + (b * length + begin) * row, (end - begin) * row, part.data() + b * (end - begin) * row);
  }
  return part;
}

CheckInputs positions_of(const Probe& probe, const CheckInputs& inputs, std::size_t begin, std::size_t end) {
  CheckInputs part = inputs;
  if (!probe.reads_tokens()) {
    part.x = Tensor(positions_of(inputs.x.value(), begin, end));
    return part;
  }
  part.ids = Tokens(Shape{inputs.ids.shape()[0], end - begin});
  for (std::size_t b = 0; b < part.ids.shape()[0]; ++b) {
    for (std::size_t t = begin; t < end; ++t) part.ids(b, t - begin) = inputs.ids(b, t);
  }
  return part;
}

/// What layers read or return in a pass over the whole sequence, against the same in single steps.
class Passing {
 public:
  void keep(const std::string& path, const Tensor& x) { whole_[path].push_back(x.value()); }
  void start_step() { calls_.clear(); }

  /// Whether this call's value is another one than the whole sequence had in this place. What does not follow the
  /// sequence, such as all in an encoder behind a source, never is.
  bool differs(const std::string& path, const Tensor& x, std::size_t position) {
    const std::vector<Array>& calls = whole_[path];
    const std::size_t call = calls_[path]++;
    if (call >= calls.size() || x.rank() < 2 || x.extent(1) != 1) return false;
    const Array& whole = calls[call];
    if (whole.dimension() != x.rank() || position >= whole.shape()[1]) return false;
    const Array expected = positions_of(whole, position, position + 1);
    return expected.shape() == x.shape() && relative_difference(x.value(), expected) > kTolerance;
  }

 private:
  std::map<std::string, std::vector<Array>> whole_;  ///< the calls of each path, in order
  std::map<std::string, std::size_t> calls_;
};

/// The innermost layer that makes something else of what it reads in a step than in the whole sequence.
class FirstToDiffer {
 public:
  explicit FirstToDiffer(const Module& module) : whole_hooks_(module), step_hooks_(module) {
    if (whole_hooks_.paths(HookPoint::input).empty()) return;
    whole_hooks_.read("*", HookPoint::input,
                      [this](const std::string& path, const Tensor& x) { inputs_.keep(path, x); });
    whole_hooks_.read("*", HookPoint::output,
                      [this](const std::string& path, const Tensor& y) { outputs_.keep(path, y); });
    step_hooks_.read("*", HookPoint::input, [this](const std::string& path, const Tensor& x) {
      reads_the_same_[path] = !inputs_.differs(path, x, position_);
    });
    step_hooks_.read("*", HookPoint::output, [this](const std::string& path, const Tensor& y) {
      // Layers return before those around them.
      if (outputs_.differs(path, y, position_) && reads_the_same_[path] && !path_) path_ = path;
    });
  }
  FirstToDiffer(const FirstToDiffer&) = delete;
  FirstToDiffer& operator=(const FirstToDiffer&) = delete;

  const Hooks* whole() const { return &whole_hooks_; }
  const Hooks* step(std::size_t position) {
    position_ = position;
    inputs_.start_step();
    outputs_.start_step();
    return &step_hooks_;
  }

  /// " in `layers.1`"; "" where none was found, or where it is the layer that is checked.
  std::string place() const { return path_.value_or("").empty() ? "" : fmt::format(" in `{}`", *path_); }

 private:
  Passing inputs_;
  Passing outputs_;
  std::map<std::string, bool> reads_the_same_;
  std::size_t position_ = 0;
  std::optional<std::string> path_;
  Hooks whole_hooks_;
  Hooks step_hooks_;
};

std::string reason_not_to(const Study& study) {
  if (study.probe.length() < 2) return "sequences of one position are not continued";
  if (!study.has_time) return "there is one output per sequence";
  const bool looks_back =
      study.causal || study.reach == Reach::position || (study.reach == Reach::mask && study.obeys.causal);
  return looks_back ? "" : "its outputs may read later inputs, so it cannot run step by step";
}

/// True when a beginning of the sequence gives the same outputs as all of it.
bool is_causal(const Probe& probe, Module& module, const CheckInputs& inputs, const Mask& mask, const Array& whole) {
  for (std::size_t t = 1; t < probe.length(); ++t) {
    const CheckCall call{.mask = mask, .random = false};
    const Array beginning = probe.output(module, positions_of(probe, inputs, 0, t), call);
    const Array last = positions_of(beginning, t - 1, t);
    if (relative_difference(last, positions_of(whole, t - 1, t)) > kTolerance) return false;
  }
  return true;
}

void try_cache(const Study& study, RowBuilder& row) {
  if (const std::string reason = reason_not_to(study); !reason.empty()) return row.skip(reason);
  const Probe& probe = study.probe;
  const CheckInputs inputs = probe.inputs();
  const std::unique_ptr<Module> module = probe.instance();
  // Statistics over time, say, take no causal mask, and need none in evaluation.
  const Mask mask = study.obeys.causal ? Mask::causal() : Mask();
  FirstToDiffer first(*module);
  const Array whole = probe.output(*module, inputs, {.mask = mask, .random = false, .hooks = first.whole()});
  if (!is_causal(probe, *module, inputs, mask, whole)) {
    return row.skip("a longer sequence changes earlier outputs, so there is nothing to go on with: see the rows above");
  }
  KeyValueCache cache;
  double largest = 0;
  for (std::size_t t = 0; t < probe.length(); ++t) {
    Array step;
    try {
      step = probe.output(*module, positions_of(probe, inputs, t, t + 1),
                          {.mask = mask, .random = false, .hooks = first.step(t), .cache = &cache, .offset = t});
    } catch (const StateError& error) {
      return row.skip(fmt::format("it refuses to run with a cache: {}", error.what()));
    }
    const double difference = relative_difference(step, positions_of(whole, t, t + 1));
    largest = std::max(largest, difference);
    if (difference <= kTolerance) continue;
    const std::string where = first.place();
    if (cache.length() == 0 && t > 0) {
      return row.fail(fmt::format("the cache is ignored{}: step {} alone gives other outputs than behind the positions "
                                  "before it, and nothing of them was kept (relative difference {:.2g})",
                                  where, t, difference),
                      kCacheAdvice);
    }
    return row.fail(fmt::format("step {} behind a cache gives other outputs than the whole sequence{}: relative "
                                "difference {:.2g}",
                                t, where, difference),
                    kCacheAdvice);
  }
  row.pass(fmt::format("the outputs of the whole sequence, to {:.1g}", largest));
}

}  // namespace

std::vector<CheckRow> check_cache(const Study& study) {
  return {run_check("cache", "one position at a time behind a cache", [&](RowBuilder& row) { try_cache(study, row); })};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
