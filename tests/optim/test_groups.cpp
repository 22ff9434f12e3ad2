// Which parameter gets which rate and decay.
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "optim/muon.h"
#include "optim/sgd.h"
#include "tests/optim/labelled.h"

using namespace headlight;

namespace {

std::vector<Tensor> model() {
  return {labelled(zeros({5, 4}), "embedding.weight"), labelled(zeros({4, 4}), "layers.0.attention.query.weight"),
          labelled(zeros({4}), "layers.0.attention.query.bias"), labelled(zeros({4}), "norm.gain"),
          labelled(zeros({2, 2, 2}), "conv.weight")};
}

Algorithm sgd_with(double learning_rate, double weight_decay, DecayScope scope) {
  return algorithm(
      SgdOptions{.common = {.learning_rate = learning_rate, .weight_decay = weight_decay, .decay = scope}});
}

std::vector<double> decays(DecayScope scope, const std::vector<GroupOptions>& groups = {}) {
  std::vector<double> all;
  for (const ParameterSettings& own : assign_groups(model(), sgd_with(0.5, 0.1, scope), groups)) {
    all.push_back(own.weight_decay);
  }
  return all;
}

std::vector<double> rates(const std::vector<GroupOptions>& groups) {
  std::vector<double> all;
  for (const ParameterSettings& own : assign_groups(model(), sgd_with(0.5, 0.1, DecayScope::matrices), groups)) {
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

TEST_CASE("a group sets rate and decay of what it matches, and the first group that matches counts") {
  CHECK(rates({{.match = "embedding.*", .learning_rate = 0.25}, {.match = "*.weight", .learning_rate = 0.125}}) ==
        std::vector<double>{0.25, 0.125, 0.5, 0.5, 0.125});
  // A group's decay holds whatever the scope says; without one the scope decides.
  CHECK(decays(DecayScope::matrices, {{.match = "*.bias", .weight_decay = 0.75},
                                      {.match = "embedding.*", .weight_decay = 0},
                                      {.match = "conv.*", .learning_rate = 1}}) ==
        std::vector<double>{0, 0.1, 0.75, 0, 0.1});
}

TEST_CASE("a group whose parameters all belong to earlier groups is refused, and both are named") {
  const std::string remedy = "; the first group that matches a parameter counts; put the narrower pattern first";
  CHECK_THROWS_WITH(rates({{.match = "*", .learning_rate = 0.25}, {.match = "norm.gain", .learning_rate = 0.125}}),
                    "optimizer groups: `norm.gain` changes nothing: all that it matches belongs to `*` before it" +
                        remedy);
  CHECK_THROWS_WITH(rates({{.match = "embedding.*", .learning_rate = 1},
                           {.match = "*.query.*", .learning_rate = 1},
                           {.match = "*e*.weight", .learning_rate = 1}}),
                    "optimizer groups: `*e*.weight` changes nothing: all that it matches belongs to `embedding.*` and "
                    "`*.query.*` before it" +
                        remedy);
  try {
    rates({{.match = "*", .learning_rate = 0.25}, {.match = "*", .learning_rate = 0.25}});
    FAIL("nothing was thrown");
  } catch (const GroupError& error) {
    CHECK(error.group() == 1);
  }
  // One parameter of its own is enough.
  CHECK(rates({{.match = "*.weight", .learning_rate = 0.25}, {.match = "*n*", .learning_rate = 0.125}}) ==
        std::vector<double>{0.25, 0.25, 0.125, 0.125, 0.25});
}

TEST_CASE("a group whose algorithm takes none of its parameters is refused") {
  const auto muon = std::make_shared<Algorithm>(algorithm(MuonOptions{}));
  CHECK_THROWS_WITH(rates({{.match = "norm.*", .algorithm = muon}}),
                    "optimizer groups: the algorithm of `norm.*` takes none of its parameters: norm.gain; Muon takes "
                    "matrices alone; leave the algorithm out, or the group");
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
  CHECK_THROWS_WITH(assign_groups(some, sgd_with(-1, 0, DecayScope::all), {}),
                    "optimizer: the learning rate must be finite and not negative; -1");
  CHECK_THROWS_WITH(assign_groups(some, sgd_with(nan, 0, DecayScope::all), {}),
                    "optimizer: the learning rate must be finite and not negative; nan");
  CHECK_THROWS_WITH(assign_groups(some, sgd_with(1, std::numeric_limits<double>::infinity(), DecayScope::all), {}),
                    "optimizer: the weight decay must be finite and not negative; inf");
  CHECK_THROWS_WITH(assign_groups(some, sgd_with(1, 0, DecayScope::all), {{.match = "*", .learning_rate = -2}}),
                    "optimizer group `*`: the learning rate must be finite and not negative; -2");
  CHECK_THROWS_WITH(assign_groups(some, sgd_with(1, 0, DecayScope::all), {{.match = "*", .weight_decay = -2}}),
                    "optimizer group `*`: the weight decay must be finite and not negative; -2");
}

TEST_CASE("a group's decay replaces that of its algorithm, of whichever kind") {
  const Algorithm coupled = algorithm(SgdOptions{.common = {.learning_rate = 0.5, .l2 = 0.1}});
  const auto settings = [&](const GroupOptions& group) { return assign_groups(model(), coupled, {group})[0]; };
  CHECK(settings({.match = "*", .learning_rate = 1}).l2 == 0.1);
  CHECK(settings({.match = "*", .l2 = 0.25}).l2 == 0.25);
  CHECK(settings({.match = "*", .weight_decay = 0.25}).l2 == 0);
  CHECK(settings({.match = "*", .weight_decay = 0.25}).weight_decay == 0.25);
  CHECK_THROWS_WITH(settings({.match = "*", .weight_decay = 0.25, .l2 = 0.5}),
                    Catch::StartsWith("optimizer group `*`: weight_decay and l2 are two kinds of the same thing"));
  CHECK_THROWS_WITH(settings({.match = "*", .l2 = -1}), "optimizer group `*`: l2 must be finite and not negative; -1");
  const auto negative = std::make_shared<Algorithm>(sgd_with(-1, 0, DecayScope::all));
  CHECK_THROWS_WITH(settings({.match = "*", .algorithm = negative}),
                    "optimizer group `*`: the learning rate must be finite and not negative; -1");
}

TEST_CASE("a group may name another algorithm, and what that does not take stays with the optimiser's") {
  // Muon takes hidden matrices: of the model above the query's weight alone.
  const auto muon =
      std::make_shared<Algorithm>(algorithm(MuonOptions{.common = {.learning_rate = 0.02, .weight_decay = 0.25}}));
  const Algorithm main = sgd_with(0.5, 0.1, DecayScope::matrices);
  const std::vector<ParameterSettings> settings =
      assign_groups(model(), main, {{.match = "*", .learning_rate = 0.75, .algorithm = muon}});
  for (std::size_t i = 0; i < settings.size(); ++i) {
    INFO(i);
    const bool hidden_matrix = i == 1;
    CHECK(settings[i].rule == (hidden_matrix ? muon->rule : main.rule));
    // The group's rate was chosen for its algorithm.
    CHECK(settings[i].learning_rate == (hidden_matrix ? 0.75 : 0.5));
  }
  CHECK(settings[1].weight_decay == 0.25);
}

TEST_CASE(
    "Muon gives embeddings, heads and vectors to AdamW, with AdamW's rate and decay unless a group says otherwise") {
  const MuonOptions options{.common = {.learning_rate = 0.02, .weight_decay = 0.25, .decay = DecayScope::all},
                            .adamw = {.common = {.learning_rate = 0.003, .weight_decay = 0.5}}};
  const Algorithm muon = algorithm(options);
  std::vector<Tensor> parameters = model();
  for (const char* name : {"head.weight", "decoder.head.hidden.weight", "positions.weight", "transformer.wte.weight"}) {
    parameters.push_back(labelled(zeros({4, 4}), name));
  }
  const std::vector<ParameterSettings> settings =
      assign_groups(parameters, muon, {{.match = "norm.*", .learning_rate = 1}});
  for (std::size_t i = 0; i < settings.size(); ++i) {
    INFO(parameters[i].label());
    CHECK(settings[i].rule == (i == 1 ? muon.rule : muon.rest->rule));
    CHECK(settings[i].learning_rate == (i == 1 ? 0.02 : i == 3 ? 1 : 0.003));
    CHECK(settings[i].weight_decay == (i == 1 ? 0.25 : parameters[i].rank() >= 2 ? 0.5 : 0));
  }
  Algorithm alone = muon;
  alone.rest = nullptr;
  CHECK_THROWS_WITH(assign_groups(parameters, alone, {}),
                    "optimizer: no algorithm takes `embedding.weight`; its shape is (5, 4); give its group another "
                    "algorithm");
}
