#pragma once

// How each operation of the fixtures is called here.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "autograd/tensor.h"
#include "tests/parity/fixture.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

/// `x` holds the case's F64 inputs as leaves, and empty tensors for the others, which the call reads from the case.
/// Returns the results in the order of FixtureCase::results.
using OpCall = std::function<std::vector<Tensor>(const FixtureCase& c, const std::vector<Tensor>& x)>;

/// By the fixtures' name of the operation.
const std::map<std::string, OpCall>& op_calls();

/// The attention of a case from matmul, softmax and a bias that is a tensor of its own: attention() takes the bias of a
/// mask as a constant, PyTorch has a gradient for it.
std::vector<Tensor> attention_with_learned_bias(const FixtureCase& c, const std::vector<Tensor>& x);

/// An array of 0 and 1 as truth values.
Booleans truth(const Tokens& values);

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
