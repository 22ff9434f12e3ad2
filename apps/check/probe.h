#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apps/check/subject.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// How a module is called.
struct CheckCall {
  bool training = false;
  Mask mask = {};
  Mask memory_mask = {};
  bool random = true;      ///< give the context a source of randomness
  std::uint64_t step = 0;  ///< of the randomness
  AttentionRecorder* recorder = nullptr;
  const Hooks* hooks = nullptr;
  KeyValueCache* cache = nullptr;
  std::size_t offset = 0;  ///< of the input, behind what the cache holds
};

/// What one forward and backward pass left.
struct CheckPass {
  std::vector<std::string> names;  ///< "the output", "the gradient of the input", "the gradient of `w`", ...
  std::vector<Array> arrays;       ///< an empty gradient where none arrived

  const Array& output() const { return arrays.front(); }
};

/// Makes instances, inputs and calls of one subject. Everything is a function of the subject's seed.
class Probe {
 public:
  explicit Probe(const CheckSubject& subject) : subject_(subject) {}

  const CheckSubject& subject() const { return subject_; }
  bool reads_tokens() const { return subject_.vocabulary != 0; }
  bool reads_memory() const { return subject_.memory_width != 0 || subject_.memory_vocabulary != 0; }

  /// Sizes of ordinary inputs: 3 members of 7 positions, or fewer where sequences must be shorter; 5 in the memory.
  std::size_t batch() const { return 3; }
  std::size_t length() const { return std::min<std::size_t>(7, subject_.max_length); }
  std::size_t memory_length() const {
    return subject_.memory_vocabulary == 0 ? 5 : std::min<std::size_t>(5, subject_.max_length);
  }

  /// A module whose parameters are moved away from their first values, so that zeros and ones hide nothing.
  std::unique_ptr<Module> instance() const { return built(subject_.make, subject_.seed); }
  std::unique_ptr<Module> other_instance() const { return built(subject_.make, subject_.seed + 1); }
  /// Without dropout where the subject can be built so.
  std::unique_ptr<Module> calm_instance() const;

  /// Random inputs, vectors in [-1.5, 1.5] times `scale`. Different draws give different inputs.
  CheckInputs inputs(std::size_t batch, std::size_t length, std::uint64_t draw = 0, double scale = 1) const;
  CheckInputs inputs() const { return inputs(batch(), length()); }

  /// Runs the module, with history when this thread records one.
  Tensor run(Module& module, const CheckInputs& inputs, const CheckCall& call) const;
  /// The output without history.
  Array output(Module& module, const CheckInputs& inputs, const CheckCall& call) const;
  /// Output and all gradients for the sum of cotangent times output.
  CheckPass pass(Module& module, const CheckInputs& inputs, const CheckCall& call, const Array& cotangent) const;
  /// The same with a random cotangent.
  CheckPass pass(Module& module, const CheckInputs& inputs, const CheckCall& call) const;

  /// Random numbers for this subject, in [-1.5, 1.5].
  Array random(const Shape& shape, std::uint64_t draw) const;

 private:
  Tokens ids(const Shape& shape, std::size_t vocabulary, std::string_view stream, std::uint64_t draw) const;
  std::unique_ptr<Module> built(const std::function<std::unique_ptr<Module>(std::uint64_t)>& make,
                                std::uint64_t seed) const;

  const CheckSubject& subject_;
};

/// "" when all bytes are equal, else what differs first: "the gradient of `w`".
std::string difference_of(const CheckPass& a, const CheckPass& b);

/// Largest |a - b| divided by the largest |b|; infinity when shapes differ or a value is not finite.
double relative_difference(const Array& a, const Array& b);

/// A difference from another order of summation stays below this: the square root of the rounding unit.
double rounding_bound();

}  // namespace headlight::inline HEADLIGHT_PRECISION
