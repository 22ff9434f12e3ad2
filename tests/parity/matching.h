#pragma once

// PyTorch's parameters and ours, one to one: loading values and comparing gradients.
#include <cstddef>
#include <string>
#include <vector>

#include "layers/module.h"
#include "tests/parity/fixture.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

/// Our parameter `ours` is part `part` of `parts` equal parts of PyTorch's parameter `theirs`, cut along its first axis:
/// PyTorch packs the projections of query, key and value into one matrix.
struct Match {
  std::string ours;
  std::string theirs;
  std::size_t part = 0;
  std::size_t parts = 1;
};

/// The matches of an attention layer: our names behind `our_prefix`, those of nn.MultiheadAttention behind
/// `their_prefix`. Which of its layouts a case has, its parameters tell.
std::vector<Match> attention_matches(const FixtureCase& c, const std::string& our_prefix,
                                     const std::string& their_prefix);

/// The parameter of that name. Throws StateError when there is none.
Tensor parameter_named(const Module& module, const std::string& name);

/// Gives every parameter of ours the case's value. Checks (with Catch) that every parameter of both sides is matched.
void load_parameters(const Module& module, const FixtureCase& c, const std::vector<Match>& matches);

/// Checks (with Catch) the gradients of all parameters.
void check_parameter_gradients(const Module& module, const FixtureCase& c, const std::vector<Match>& matches);

/// Part `part` of `parts` equal parts of the first axis.
Array part_of(const Array& whole, std::size_t part, std::size_t parts);

/// (rows, cols) -> (cols, rows): a kernel stored (in, out) as our weight.
Array transposed_copy(const Array& matrix);

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
