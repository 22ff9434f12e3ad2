// Which parameter gets which rate and decay.
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "optim/groups.h"

using namespace headlight;

namespace {

Tensor labelled(const Shape& shape, const std::string& label) {
  Tensor tensor(zeros(shape), true);
  tensor.set_label(label);
  return tensor;
}

std::vector<Tensor> model() {
  return {labelled({5, 4}, "embedding.weight"), labelled({4, 4}, "layers.0.attention.query.weight"),
          labelled({4}, "layers.0.attention.query.bias"), labelled({4}, "norm.gain"),
          labelled({2, 2, 2}, "conv.weight")};
}

std::vector<double> decays(DecayScope scope, const std::vector<GroupOptions>& groups = {}) {
  std::vector<double> all;
  for (const ParameterSettings& own : assign_groups(model(), 0.5, 0.1, scope, groups)) all.push_back(own.weight_decay);
  return all;
}

std::vector<double> rates(const std::vector<GroupOptions>& groups) {
  std::vector<double> all;
  for (const ParameterSettings& own : assign_groups(model(), 0.5, 0.1, DecayScope::matrices, groups)) {
    all.push_back(own.learning_rate);
  }
  return all;
}

}  // namespace

TEST_CASE("a star covers any characters, dots and none included, and the whole name must be covered") {
  const std::vector<std::tuple<std::string, std::string, bool>> table{{"weight", "weight", true},
                                                                      {"weight", "weights", false},
                                                                      {"weight", "a.weight", false},
                                                                      {"*", "", true},
                                                                      {"*", "a.b.c", true},
                                                                      {"", "", true},
                                                                      {"", "a", false},
                                                                      {"*.bias", "layers.0.bias", true},
                                                                      {"*.bias", "bias", false},
                                                                      {"*bias", "bias", true},
                                                                      {"layers.*", "layers.0.up", true},
                                                                      {"layers.*", "layers", false},
                                                                      {"a*b", "ab", true},
                                                                      {"a*b", "a.b.b", true},
                                                                      {"a*b", "a.b.c", false},
                                                                      {"*a*", "bab", true},
                                                                      {"*a*", "bbb", false},
                                                                      {"**", "x", true},
                                                                      {"*.1.*", "layers.1.up", true},
                                                                      {"*.1.*", "layers.11.up", false},
                                                                      {"a*a", "a", false},
                                                                      {"*aab", "aaab", true},
                                                                      {"a*bc*d", "abcbcxd", true},
                                                                      {"a*bc*d", "abcbcx", false},
                                                                      {"layers.?.up", "layers.0.up",
                                                                       false}};  // only stars are special
  for (const auto& [pattern, name, expected] : table) {
    INFO(pattern << " on " << name);
    CHECK(matches(pattern, name) == expected);
  }
}

TEST_CASE("decay touches parameters of two or more axes by default, and all on request") {
  CHECK(decays(DecayScope::matrices) == std::vector<double>{0.1, 0.1, 0, 0, 0.1});
  CHECK(decays(DecayScope::all) == std::vector<double>{0.1, 0.1, 0.1, 0.1, 0.1});
}

TEST_CASE("a group sets rate and decay of what it matches; the first group that matches counts") {
  CHECK(rates({{.match = "embedding.*", .learning_rate = 0.25}, {.match = "*.weight", .learning_rate = 0.125}}) ==
        std::vector<double>{0.25, 0.125, 0.5, 0.5, 0.125});
  // A group's decay holds whatever the scope says; without one the scope decides.
  CHECK(decays(DecayScope::matrices, {{.match = "*.bias", .weight_decay = 0.75},
                                      {.match = "embedding.*", .weight_decay = 0},
                                      {.match = "conv.*", .learning_rate = 1}}) ==
        std::vector<double>{0, 0.1, 0.75, 0, 0.1});
  // Matched only by a group that is not the first for anything: used all the same.
  CHECK(rates({{.match = "*", .learning_rate = 0.25}, {.match = "norm.gain", .learning_rate = 0.125}}) ==
        std::vector<double>{0.25, 0.25, 0.25, 0.25, 0.25});
}

TEST_CASE("a group that matches nothing is refused with the names there are") {
  CHECK_THROWS_WITH(
      rates({{.match = "head.*", .learning_rate = 1}}),
      "optimizer groups: `head.*` matches no parameter; the parameters are embedding.weight, "
      "layers.0.attention.query.weight, layers.0.attention.query.bias, norm.gain, conv.weight; `*` stands "
      "for any characters");
}

TEST_CASE("negative and non-finite figures are refused") {
  const std::vector<Tensor> some = model();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(assign_groups(some, -1, 0, DecayScope::all, {}),
                    "optimizer: the learning rate must be finite and not negative; -1");
  CHECK_THROWS_WITH(assign_groups(some, nan, 0, DecayScope::all, {}),
                    "optimizer: the learning rate must be finite and not negative; nan");
  CHECK_THROWS_WITH(assign_groups(some, 1, std::numeric_limits<double>::infinity(), DecayScope::all, {}),
                    "optimizer: the weight decay must be finite and not negative; inf");
  CHECK_THROWS_WITH(assign_groups(some, 1, 0, DecayScope::all, {{.match = "*", .learning_rate = -2}}),
                    "optimizer: a group's learning rate must be finite and not negative; -2");
  CHECK_THROWS_WITH(assign_groups(some, 1, 0, DecayScope::all, {{.match = "*", .weight_decay = -2}}),
                    "optimizer: a group's weight decay must be finite and not negative; -2");
}
