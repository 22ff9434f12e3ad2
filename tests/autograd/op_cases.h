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
#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace op_test {

using testing::at;
using testing::by_index;
using testing::close;
using testing::distinct;
using testing::drawn;
using testing::element_of;
using testing::index_of;
using testing::tokens;

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
std::vector<OpCase> attention_stage_cases();
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

/// f for each element of the broadcast inputs, by index arithmetic alone.
Array by_elements(const std::vector<Array>& inputs, const std::function<double(const std::vector<double>&)>& f);

}  // namespace op_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
