#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "autograd/gradcheck.h"
#include "autograd/ops/select.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kBatch = 2;
constexpr std::size_t kLength = 5;
constexpr std::size_t kManyElements = 1'000'000;  // beyond it one direction for each tensor instead of four

enum class Of { inputs, parameters };

/// What is differentiated: every parameter, or the input and the memory.
struct Subjects {
  std::vector<Array> inputs{};
  std::vector<Tensor> parameters{};
  std::size_t elements = 0;
};

Subjects subjects_of(const Module& module, const CheckInputs& inputs, Of of) {
  Subjects subjects;
  if (of == Of::inputs) {
    for (const Tensor* tensor : {&inputs.x, &inputs.memory}) {
      if (!tensor->defined()) continue;
      subjects.inputs.push_back(tensor->value());
      subjects.elements += tensor->size();
    }
    return subjects;
  }
  for (const NamedParameter& parameter : module.parameters()) {
    if (!parameter.tensor.requires_grad()) continue;
    subjects.parameters.push_back(parameter.tensor);
    subjects.elements += parameter.tensor.size();
  }
  return subjects;
}

std::size_t parameter_elements(const Module& module) {
  std::size_t count = 0;
  for (const NamedParameter& parameter : module.parameters()) count += parameter.tensor.size();
  return count;
}

class GradientCheck {
 public:
  GradientCheck(const Study& study, Of of) : study_(study), of_(of) {}

  void run(RowBuilder& row) {
    const Probe& probe = study_.probe;
    if (sizeof(Real) != sizeof(double)) {
      return row.skip("float leaves too few digits for differences; the double twin of the same check answers it");
    }
    if (of_ == Of::inputs && probe.reads_tokens() && probe.subject().memory_width == 0) {
      return row.skip("token ids have no gradient");
    }
    const std::unique_ptr<Module> module = probe.instance();
    const std::size_t length = std::min(kLength, probe.subject().max_length);
    const CheckInputs inputs = probe.inputs(kBatch, length, 5);
    const Subjects subjects = subjects_of(*module, inputs, of_);
    if (subjects.elements == 0) return row.skip("there are no parameters");
    const double work =
        static_cast<double>(subjects.elements) * static_cast<double>(parameter_elements(*module) + 1000);
    projection_ = work > kElementwiseWork;
    directions_ = subjects.elements > kManyElements ? 1 : 4;
    double worst = 0;
    std::size_t comparisons = 0;
    for (const bool training : {false, true}) {
      CheckCall call{.training = training};
      if (training) call.mask = strongest_mask(study_, kBatch, length);
      const GradcheckResult result = compare(*module, inputs, subjects, call);
      if (!result.passed) return fail(result, training, row);
      worst = std::max(worst, result.worst_error);
      comparisons += result.comparisons;
    }
    row.pass(fmt::format("{} {}, worst error {:.1g}", comparisons,
                         projection_ ? fmt::format("directions, {} for each tensor", directions_) : "elements", worst));
  }

 private:
  /// Zeros in place of outputs behind the lengths: they promise nothing, and may be constants beside which every
  /// difference vanishes.
  Tensor promised_part(const Tensor& y, const CheckCall& call) const {
    const auto lengths = call.mask.lengths();
    if (!lengths || !study_.has_time) return y;
    Shape shape(y.rank(), 1);
    shape[0] = y.extent(0);
    shape[1] = y.extent(1);
    Tokens inside(shape);
    for (std::size_t i = 0; i < inside.size(); ++i) inside.data()[i] = i % shape[1] < (*lengths)[i / shape[1]] ? 1 : 0;
    return headlight::where(Condition(std::move(inside)), y, Real{0});
  }

  GradcheckResult compare(Module& module, const CheckInputs& inputs, const Subjects& subjects, const CheckCall& call) {
    const auto f = [&](const std::vector<Tensor>& given) {
      CheckInputs own = inputs;
      if (of_ == Of::inputs) {
        std::size_t i = 0;
        if (own.x.defined()) own.x = given.at(i++);
        if (own.memory.defined()) own.memory = given.at(i);
      }
      return promised_part(study_.probe.run(module, own, call), call);
    };
    GradcheckOptions options{.projection = projection_, .directions = directions_};
    if (projection_) options.eps /= 10;  // many elements move at once
    GradcheckResult result = gradcheck(f, subjects.inputs, subjects.parameters, options);
    if (result.passed || !result.problems.empty()) return result;
    // A kink within the step of one difference lies outside a ten times smaller one; a wrong gradient stays wrong.
    options.eps /= 10;
    return gradcheck(f, subjects.inputs, subjects.parameters, options);
  }

  void fail(const GradcheckResult& result, bool training, RowBuilder& row) const {
    const char* const mode = training ? ", while training" : "";
    if (!result.problems.empty()) {
      const bool lost = result.problems.front().find("received no gradient") != std::string::npos;
      return row.fail(named(result.problems.front()) + mode,
                      lost ? "look for a detach(), a NoGrad scope or an Array taken out of the graph on that path"
                           : "gradients mean nothing before f is a function: see the checks `repeat` and `seed`");
    }
    const GradcheckFailure& first = result.failures.front();
    row.fail(fmt::format("{} {}: backward {:.6g}, difference {:.6g}, {:.2g} % off; {} of {} wrong{}",
                         named(first.input), first.place, first.analytic, first.numeric,
                         100 * first.error / std::max(std::abs(first.numeric), 1e-300), result.failure_count,
                         result.comparisons, mode),
             "look at the backward rule of the operations on that path, factor by factor");
  }

  /// gradcheck's "input 0" in the words of a layer.
  std::string named(std::string text) const {
    for (const auto& [theirs, ours] : {std::pair{"input 0", study_.probe.reads_tokens() ? "the memory" : "the input"},
                                       std::pair{"input 1", "the memory"}}) {
      const std::size_t at = text.find(theirs);
      if (at != std::string::npos) text.replace(at, std::string(theirs).size(), ours);
    }
    return text;
  }

  const Study& study_;
  Of of_;
  bool projection_ = false;
  std::size_t directions_ = 4;
};

}  // namespace

Mask strongest_mask(const Study& study, std::size_t batch, std::size_t length) {
  Mask mask;
  if (study.reach != Reach::mask) return mask;
  if (study.obeys.causal) mask = mask & Mask::causal();
  if (study.obeys.padding) mask = mask & Mask::padding(some_lengths(batch, length));
  return mask;
}

std::vector<CheckRow> check_gradients(const Study& study) {
  const auto row = [&](const char* name, const char* tested, Of of) {
    return run_check(name, tested, [&](RowBuilder& builder) { GradientCheck(study, of).run(builder); });
  };
  return {row("gradients: inputs", "backward against differences in double", Of::inputs),
          row("gradients: parameters", "backward against differences in double", Of::parameters)};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
