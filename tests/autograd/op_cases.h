#pragma once

// The table of operations that the tests walk: every public operation of autograd/ops has at least five cases. A family
// is one file op_cases_<family>.cpp with one function, which op_cases.cpp adds to the table.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "autograd/gradcheck.h"
#include "autograd/tensor.h"
#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {

using Reference = std::function<Array(const std::vector<Array>& inputs)>;

struct OpCase {
  std::string op;      ///< as declared in the header
  std::string what;    ///< what this case is about
  std::string domain;  ///< where the inputs come from, and which kinks they avoid
  std::vector<Array> inputs;
  GradcheckFunction f;
  Reference reference = nullptr;  ///< the value by plain loops; empty where there is none
  /// Largest GradcheckResult::worst_error allowed in double. Central differences with eps = 1e-6 on sums below 1e3 err
  /// by 1e3 2^-53 / eps = 1e-7 at most from rounding, and by eps^2 |f'''| / 6 from truncation.
  double worst = 1e-7;
};

std::vector<OpCase> arithmetic_cases();
std::vector<OpCase> attention_cases();
std::vector<OpCase> fused_cases();
std::vector<OpCase> gather_cases();
std::vector<OpCase> layout_cases();
std::vector<OpCase> pieces_cases();
std::vector<OpCase> reduce_cases();
std::vector<OpCase> select_cases();
std::vector<OpCase> softmax_cases();
std::vector<OpCase> unary_cases();

/// All families.
const std::vector<OpCase>& op_cases();

/// Numbers in [low, high), none within `gap` of a kink.
Array drawn(const Shape& shape, double low, double high, std::uint64_t seed, const std::vector<double>& kinks = {},
            double gap = 0.05);

/// Multiples of 1/4 in random order, shifted by `offset`: no two are closer than 1/4, so that no comparison between
/// them changes within a step of a difference.
Array distinct(const Shape& shape, std::uint64_t seed, double offset = 0);

/// f for each element of the broadcast inputs, by index arithmetic alone.
Array by_elements(const std::vector<Array>& inputs, const std::function<double(const std::vector<double>&)>& f);

/// The index of an element, and back.
std::vector<std::size_t> index_of(std::size_t element, const Shape& shape);
std::size_t element_of(const std::vector<std::size_t>& index, const Shape& shape);

/// An array filled by a function of the index.
Array by_index(const Shape& shape, const std::function<double(const std::vector<std::size_t>&)>& f);

/// One element as double.
double at(const Array& a, const std::vector<std::size_t>& index);

Tokens tokens(const Shape& shape, const std::vector<std::int32_t>& values);

/// Shapes and bytes equal up to |a - b| <= atol + rtol |b|; NaN equals NaN.
bool close(const Array& a, const Array& b, double rtol, double atol);

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
