// Every operation of the table: value against plain loops, gradient against central differences.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "autograd/gradcheck.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/scopes.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;

namespace {

constexpr bool kDouble = sizeof(Real) == 8;

std::string name_of(const OpCase& c) { return c.op + ", " + c.what + " (" + c.domain + ")"; }

/// Cases that a gradient check refuses, since it would compare nothing.
bool without_elements(const OpCase& c) {
  return std::all_of(c.inputs.begin(), c.inputs.end(), [](const Array& input) { return input.size() == 0; });
}

void check_empty_gradients(const OpCase& c) {
  std::vector<Tensor> inputs;
  inputs.reserve(c.inputs.size());
  for (const Array& input : c.inputs) inputs.emplace_back(input, true);
  const Tensor y = c.f(inputs);
  const Tensor twice = sub(mul(y, Real{3}), y);
  twice.backward(zeros(twice.shape()));
  for (const Tensor& input : inputs) CHECK(input.grad().shape() == input.shape());
}

}  // namespace

TEST_CASE("every operation gives the value that plain loops give") {
  // The loops work in double. An operation of this table rounds a few times, and its sums have at most 111 terms of
  // size 3: 16 epsilon of the largest intermediate value, which is below 64.
  const double tolerance = 16 * static_cast<double>(std::numeric_limits<Real>::epsilon());
  for (const OpCase& c : op_cases()) {
    if (c.reference == nullptr) continue;
    INFO(name_of(c));
    std::vector<Tensor> inputs;
    for (const Array& input : c.inputs) inputs.emplace_back(input);
    CHECK(close(c.f(inputs).value(), c.reference(c.inputs), tolerance, 64 * tolerance));
  }
}

TEST_CASE("every operation passes a gradient check") {
  std::map<std::string, double> worst;
  for (const OpCase& c : op_cases()) {
    INFO(name_of(c));
    if (without_elements(c)) {
      check_empty_gradients(c);
      continue;
    }
    const GradcheckResult result = gradcheck(c.f, c.inputs);
    INFO(to_string(result));
    CHECK(result.passed);
    if (kDouble) CHECK(result.worst_error <= c.worst);
    worst[c.op] = std::max(worst[c.op], result.worst_error);
  }
  // Shown with -s: the worst error of each operation.
  for (const auto& [op, error] : worst) SUCCEED(op << ": worst error " << error);
}

TEST_CASE("every operation adds its gradient to one that is there already") {
  // The same input used by two nodes: rules that write into the input's gradient themselves must add.
  for (const OpCase& c : op_cases()) {
    INFO(name_of(c));
    if (without_elements(c)) continue;
    const GradcheckFunction twice = [&](const std::vector<Tensor>& x) { return sub(mul(c.f(x), Real{3}), c.f(x)); };
    GradcheckOptions options{.projection = true, .directions = 2};
    const GradcheckResult result = gradcheck(twice, c.inputs, options);
    INFO(to_string(result));
    CHECK(result.passed);
  }
}

TEST_CASE("every operation gives the same bytes without gradients") {
  for (const OpCase& c : op_cases()) {
    INFO(name_of(c));
    std::vector<Tensor> inputs;
    for (const Array& input : c.inputs) inputs.emplace_back(input, true);
    const Tensor y = c.f(inputs);
    const NoGrad guard;
    const Tensor again = c.f(inputs);
    CHECK(same_bytes(y.value(), again.value()));
    CHECK_FALSE(again.requires_grad());
  }
}

TEST_CASE("every operation declared in autograd/ops has at least five cases") {
  std::map<std::string, int> cases;
  for (const OpCase& c : op_cases()) ++cases[c.op];
  const std::regex declaration(
      R"(^(?:inline )?(?:Tensor|std::vector<Tensor>|AttentionResult|AttentionWeightResult) (\w+|operator\S)\()");
  std::set<std::string> declared;
  for (const auto& entry : std::filesystem::directory_iterator(HEADLIGHT_SOURCE_DIR "/autograd/ops")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (std::regex_search(line, match, declaration)) declared.insert(match[1]);
    }
  }
  CHECK(declared.size() >= 35);  // the headers were found and read
  for (const std::string& op : declared) {
    INFO(op);
    CHECK(cases[op] >= 5);
  }
}
