#include "autograd/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Random numbers in [-3/2, -1/2] and [1/2, 3/2]: none so small that it would hide an error. Only the engine of
/// <random> is used, since the distributions differ between libraries.
Array random_signs(const Shape& shape, std::mt19937_64& engine) {
  Array a = uninitialized(shape);
  for (Real& value : flat(a)) {
    const std::uint64_t bits = engine();
    const double size = 0.5 + static_cast<double>(bits >> 11) * 0x1p-53;
    value = static_cast<Real>((bits & 1) != 0 ? size : -size);
  }
  return a;
}

double dot(const Array& a, const Array& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]);
  }
  return sum;
}

Shape place_of(std::size_t element, const Shape& shape) {
  Shape place = shape;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    place[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return place;
}

struct Subject {
  Tensor leaf;
  std::string name;
  Array value;                    // as it was given
  std::optional<Array> gradient;  // none: backward did not reach it
};

class Check {
 public:
  Check(const GradcheckFunction& f, std::vector<Tensor> inputs, std::vector<Subject> subjects,
        const GradcheckOptions& options)
      : f_(f), inputs_(std::move(inputs)), subjects_(std::move(subjects)), options_(options), engine_(options.seed) {}

  GradcheckResult run() {
    differentiate();
    for (const Subject& subject : subjects_) {
      if (inputs_changed_) break;
      const std::size_t failures_before = result_.failure_count;
      if (options_.projection) {
        compare_directions(subject);
      } else {
        compare_elements(subject);
      }
      if (!subject.gradient.has_value() && result_.failure_count > failures_before) {
        problem(subject.name + " received no gradient, but the output depends on it");
      }
    }
    if (without_history_ && result_.failure_count == 0 && result_.problems.empty()) {
      problem("the inputs received no gradient, and the output depends on none of them: nothing was checked");
    }
    result_.passed = result_.failure_count == 0 && result_.problems.empty();
    return std::move(result_);
  }

 private:
  void problem(std::string sentence) { result_.problems.push_back(std::move(sentence)); }

  void differentiate() {
    for (const Subject& subject : subjects_) subject.leaf.zero_grad();
    const Tensor y = f_(inputs_);
    cotangent_ = random_signs(y.shape(), engine_);
    const Tensor again = f_(inputs_);
    if (!same_bytes(y.value(), again.value())) problem("f gives different outputs for the same inputs");
    for (const Subject& subject : subjects_) {
      if (same_bytes(subject.leaf.value(), subject.value)) continue;
      problem("f changes " + subject.name);
      subject.leaf.assign(subject.value);
      inputs_changed_ = true;
    }
    without_history_ = !y.requires_grad();
    if (without_history_ || inputs_changed_) return;
    y.backward(cotangent_);
    for (Subject& subject : subjects_) {
      if (subject.leaf.has_grad()) subject.gradient = subject.leaf.grad();
    }
    y.backward(cotangent_);
    for (const Subject& subject : subjects_) {
      check_doubled(subject);
      subject.leaf.zero_grad();
    }
  }

  void check_doubled(const Subject& subject) {
    if (!subject.gradient.has_value()) return;
    const Array& once = *subject.gradient;
    const Array& twice = subject.leaf.grad();
    if (once.shape() != subject.value.shape() || twice.shape() != subject.value.shape()) {
      problem(fmt::format("the gradient of {} has shape {} instead of {}", subject.name, to_string(once.shape()),
                          to_string(subject.value.shape())));
      return;
    }
    // Only the order of the additions may differ.
    double largest = 0;
    for (const Real g : flat(once)) largest = std::max(largest, static_cast<double>(std::abs(g)));
    const double tolerance = 256 * static_cast<double>(std::numeric_limits<Real>::epsilon()) * largest;
    for (std::size_t i = 0; i < once.size(); ++i) {
      const double first = static_cast<double>(once.data()[i]);
      const double both = static_cast<double>(twice.data()[i]);
      if (std::abs(both - 2 * first) <= tolerance || !std::isfinite(first)) continue;
      problem(fmt::format("a second backward() does not add the same again to {}: {} at {} became {}", subject.name,
                          first, to_string(place_of(i, once.shape())), both));
      return;
    }
  }

  /// L at the present values.
  double evaluate() {
    const NoGrad guard;
    const Tensor y = f_(inputs_);
    if (y.shape() != cotangent_.shape()) {
      raise<ShapeError>("gradcheck", "the shape of the output depends on the values of the inputs",
                        to_string(cotangent_.shape()) + " and " + to_string(y.shape()));
    }
    return dot(cotangent_, y.value());
  }

  void compare_elements(const Subject& subject) {
    Array moved = subject.value;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      Real& element = moved.data()[i];
      const Real center = element;
      const Real above = center + static_cast<Real>(options_.eps);
      const Real below = center - static_cast<Real>(options_.eps);
      element = above;
      const double high = evaluate_at(subject, moved);
      element = below;
      const double low = evaluate_at(subject, moved);
      element = center;
      const double analytic = subject.gradient.has_value() ? static_cast<double>(subject.gradient->data()[i]) : 0.0;
      // The step as rounded, not as asked for.
      const double numeric = (high - low) / (static_cast<double>(above) - static_cast<double>(below));
      compare(subject, analytic, numeric, [&] { return to_string(place_of(i, moved.shape())); });
    }
    subject.leaf.assign(subject.value);
  }

  void compare_directions(const Subject& subject) {
    for (std::size_t k = 0; k < options_.directions; ++k) {
      const Array direction = random_signs(subject.value.shape(), engine_);
      Array above = subject.value;
      Array below = subject.value;
      for (std::size_t i = 0; i < direction.size(); ++i) {
        above.data()[i] += static_cast<Real>(options_.eps) * direction.data()[i];
        below.data()[i] -= static_cast<Real>(options_.eps) * direction.data()[i];
      }
      const double high = evaluate_at(subject, above);
      const double low = evaluate_at(subject, below);
      double analytic = 0;
      for (std::size_t i = 0; subject.gradient.has_value() && i < direction.size(); ++i) {
        const double step = static_cast<double>(above.data()[i]) - static_cast<double>(below.data()[i]);
        analytic += static_cast<double>(subject.gradient->data()[i]) * step;
      }
      compare(subject, analytic / (2 * options_.eps), (high - low) / (2 * options_.eps),
              [&] { return fmt::format("direction {}", k); });
    }
    subject.leaf.assign(subject.value);
  }

  double evaluate_at(const Subject& subject, const Array& value) {
    subject.leaf.assign(value);
    try {
      return evaluate();
    } catch (...) {
      subject.leaf.assign(subject.value);
      throw;
    }
  }

  template <class Place>
  void compare(const Subject& subject, double analytic, double numeric, Place place) {
    ++result_.comparisons;
    const double error = std::abs(analytic - numeric);
    const bool finite = std::isfinite(analytic) && std::isfinite(numeric);
    if (finite && error <= options_.atol + options_.rtol * std::abs(numeric)) {
      result_.worst_error = std::max(result_.worst_error, error / std::max(1.0, std::abs(numeric)));
      return;
    }
    // Also reached by NaN and infinity: a difference that overflows has checked nothing.
    const double relative = error / std::max(1.0, std::abs(numeric));
    result_.worst_error =
        std::isnan(relative) ? std::numeric_limits<double>::infinity() : std::max(result_.worst_error, relative);
    ++result_.failure_count;
    if (result_.failures.size() < options_.max_failures) {
      result_.failures.push_back({subject.name, place(), analytic, numeric, error});
    }
  }

  const GradcheckFunction& f_;
  std::vector<Tensor> inputs_;
  std::vector<Subject> subjects_;
  GradcheckOptions options_;
  std::mt19937_64 engine_;
  Array cotangent_;
  bool inputs_changed_ = false;   // then no derivative means anything
  bool without_history_ = false;  // backward() has nowhere to go
  GradcheckResult result_;
};

void check_options(const GradcheckOptions& options) {
  if (options.eps > 0 && options.atol >= 0 && options.rtol >= 0 && options.directions > 0) return;
  raise<ConfigError>("gradcheck", "an option is out of range",
                     fmt::format("eps {}, atol {}, rtol {}, directions {}", options.eps, options.atol, options.rtol,
                                 options.directions),
                     "eps and directions must be positive, atol and rtol not negative");
}

}  // namespace

GradcheckResult gradcheck(const GradcheckFunction& f, const std::vector<Array>& inputs,
                          const std::vector<Tensor>& parameters, const GradcheckOptions& options) {
  check_options(options);
  std::vector<Tensor> leaves;
  std::vector<Subject> subjects;
  for (const Array& input : inputs) {
    const Tensor leaf(input, true);
    subjects.push_back({leaf, fmt::format("input {}", leaves.size()), input, {}});
    leaves.push_back(leaf);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    if (!parameter.is_leaf() || !parameter.requires_grad()) {
      raise<StateError>("gradcheck", fmt::format("parameter {} is no leaf that requires a gradient", i),
                        "shape " + to_string(parameter.shape()), "give the parameters themselves, not frozen");
    }
    const std::string name = parameter.label().empty() ? fmt::format("parameter {}", i) : parameter.label();
    subjects.push_back({parameter, name, parameter.value(), {}});
  }
  const bool empty =
      std::all_of(subjects.begin(), subjects.end(), [](const Subject& subject) { return subject.value.size() == 0; });
  if (empty) {
    raise<StateError>("gradcheck", "there is no element to differentiate by",
                      fmt::format("{} inputs, {} parameters", inputs.size(), parameters.size()),
                      "give at least one input or parameter with elements");
  }
  return Check(f, std::move(leaves), std::move(subjects), options).run();
}

GradcheckResult gradcheck(const GradcheckFunction& f, const std::vector<Array>& inputs,
                          const GradcheckOptions& options) {
  return gradcheck(f, inputs, {}, options);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
