#include "tests/parity/matching.h"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/common/arrays.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

std::vector<Match> attention_matches(const FixtureCase& c, const std::string& our_prefix,
                                     const std::string& their_prefix) {
  const std::vector<std::string> roles{"query", "key", "value"};
  const bool packed = c.has("parameter." + their_prefix + "in_proj_weight");
  const bool bias = c.has("parameter." + their_prefix + "in_proj_bias");
  std::vector<Match> matches;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const std::string ours = our_prefix + roles[i];
    if (packed) {
      matches.push_back({ours + ".weight", their_prefix + "in_proj_weight", i, 3});
    } else {
      matches.push_back({ours + ".weight", their_prefix + roles[i].substr(0, 1) + "_proj_weight"});
    }
    if (bias) matches.push_back({ours + ".bias", their_prefix + "in_proj_bias", i, 3});
  }
  matches.push_back({our_prefix + "output.weight", their_prefix + "out_proj.weight"});
  if (bias) matches.push_back({our_prefix + "output.bias", their_prefix + "out_proj.bias"});
  return matches;
}

Tensor parameter_named(const Module& module, const std::string& name) {
  for (const NamedParameter& parameter : module.parameters()) {
    if (parameter.name == name) return parameter.tensor;
  }
  raise<StateError>("parity", "there is no parameter `" + name + "`");
}

void load_parameters(const Module& module, const FixtureCase& c, const std::vector<Match>& matches) {
  std::set<std::string> theirs;
  for (const Match& match : matches) {
    parameter_named(module, match.ours).assign(part_of(c.array("parameter." + match.theirs), match.part, match.parts));
    theirs.insert(match.theirs);
  }
  CHECK(module.parameters().size() == matches.size());
  CHECK(theirs == std::set<std::string>(c.parameters.begin(), c.parameters.end()));
}

void check_parameter_gradients(const Module& module, const FixtureCase& c, const std::vector<Match>& matches) {
  for (const Match& match : matches) {
    INFO("gradient of " << match.ours);
    const Array expected = part_of(c.array("grad.parameter." + match.theirs), match.part, match.parts);
    CHECK(testing::difference(parameter_named(module, match.ours).grad(), expected, kRtol, kAtol) == "");
  }
}

Array part_of(const Array& whole, std::size_t part, std::size_t parts) {
  Shape shape = whole.shape();
  shape[0] /= parts;
  Array piece = uninitialized(shape);
  std::copy_n(whole.data() + part * piece.size(), piece.size(), piece.data());
  return piece;
}

Array transposed_copy(const Array& matrix) {
  const std::size_t rows = matrix.shape()[0];
  const std::size_t cols = matrix.shape()[1];
  Array turned = uninitialized({cols, rows});
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) turned.data()[j * rows + i] = matrix.data()[i * cols + j];
  }
  return turned;
}

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
