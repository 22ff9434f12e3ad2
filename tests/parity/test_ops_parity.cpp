// Every operation that PyTorch 1.13 has as well: values and gradients of tests/reference/ops, computed there in float64.
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "autograd/ops/arithmetic.h"
#include "tests/common/arrays.h"
#include "tests/parity/fixture.h"
#include "tests/parity/op_calls.h"

using namespace headlight;
using namespace headlight::parity;
using headlight::testing::difference;

namespace {

const std::vector<std::string> kFamilies{"attention",     "elementwise", "losses",    "movement",
                                         "normalization", "products",    "reductions"};

/// A mask's bias is a constant to attention(): the one gradient of the fixtures that an operation here does not have.
bool is_mask_bias(const FixtureCase& c, const std::string& input) { return c.op == "attention" && input == "3"; }

/// Runs a case and compares its results and the gradients of its inputs; returns how many gradients it compared.
std::size_t compare(const FixtureCase& c, const OpCall& call, bool bias_is_learned) {
  INFO(c.describe());
  std::vector<Tensor> x;
  for (const std::string& input : c.inputs) {
    const bool real = c.is_real("input." + input);
    x.push_back(real ? Tensor(c.array("input." + input), true) : Tensor());
  }
  const std::vector<Tensor> results = call(c, x);
  REQUIRE(results.size() == c.results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::string& name = c.results[i];
    INFO(name);
    CHECK(difference(results[i].value(), c.array(name), kRtol, kAtol) == "");
    // "output", "output.1": these have a cotangent; attention's weights have none.
    if (name.starts_with("output")) results[i].backward(c.array("cotangent" + name.substr(6)));
  }
  std::size_t gradients = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::string name = "grad." + c.inputs[i];
    if (!c.has(name) || (is_mask_bias(c, c.inputs[i]) && !bias_is_learned)) continue;
    INFO(name);
    REQUIRE(x[i].has_grad());
    CHECK(difference(x[i].grad(), c.array(name), kRtol, kAtol) == "");
    ++gradients;
  }
  CHECK(gradients > 0);
  return gradients;
}

}  // namespace

TEST_CASE("operations give PyTorch's values and gradients") {
  std::size_t cases = 0;
  std::size_t gradients = 0;
  std::set<std::string> seen;
  for (const std::string& family : kFamilies) {
    for (const FixtureCase& c : fixture_cases("ops/" + family)) {
      const auto call = op_calls().find(c.op);
      if (call == op_calls().end()) {
        FAIL_CHECK("operation " << c.op << " of ops/" << family << " has no call in op_calls.cpp");
        continue;
      }
      gradients += compare(c, call->second, false);
      seen.insert(c.op);
      ++cases;
    }
  }
  // The figures of tests/reference/README.md: nothing was skipped.
  CHECK(cases == 467);
  CHECK(seen.size() == 48);
  CHECK(op_calls().size() == seen.size());
  SUCCEED(cases << " cases, " << gradients << " gradients");
}

TEST_CASE("attention composed with a learned bias has PyTorch's gradient for the bias") {
  std::size_t cases = 0;
  for (const FixtureCase& c : fixture_cases("ops/attention")) {
    if (c.attributes().at("mask") != "bias") continue;
    CHECK(compare(c, attention_with_learned_bias, true) == 4);
    ++cases;
  }
  CHECK(cases == 3);
}
