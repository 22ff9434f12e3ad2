// Saving and loading an optimiser.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "optim/adafactor.h"
#include "optim/adam.h"
#include "optim/lion.h"
#include "optim/muon.h"
#include "optim/rmsprop.h"
#include "optim/schedule_free.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
#include "tests/optim/labelled.h"
#include "tests/optim/saved_training.h"

using namespace headlight;
using headlight::testing::drawn;
using headlight::testing::Make;
using headlight::testing::make_adam;
using headlight::testing::make_sgd;
using headlight::testing::maker;
using headlight::testing::Training;

namespace {

/// One of each kind of state.
std::vector<Make> makers() {
  return {make_adam,
          make_sgd,
          maker<Sgd>(SgdOptions{.common = {.ema = 0.75}}),
          maker<Rmsprop>(RmspropOptions{.momentum = 0.9, .centered = true}),
          maker<Lion>(LionOptions{.common = {.learning_rate = 0.01}}),
          maker<Muon>(MuonOptions{.common = {.ema = 0.9}, .not_hidden = {}}),
          maker<Adafactor>(AdafactorOptions{}),
          maker<ScheduleFree>(ScheduleFreeOptions{.common = {.weight_decay = 0.1}, .step_power = 1}),
          maker<Adam>(AdamOptions{
              .common = {.groups = {{.match = "*.weight",
                                     .algorithm = std::make_shared<Algorithm>(algorithm(ScheduleFreeOptions{}))}}}})};
}

}  // namespace

TEST_CASE("a training that is saved and loaded goes on to the byte as if never stopped") {
  for (const Make& make : makers()) {
    Training whole(make);
    whole.steps(0, 10);
    Training first(make);
    first.steps(0, 1);  // the bias has had no update: its state is empty
    {
      Training copy(make);
      copy.optimizer->load_state(first.optimizer->state());
      copy.weight.assign(first.weight.value());
      copy.steps(1, 10);
      CHECK(same_bytes(whole.weight.value(), copy.weight.value()));
      CHECK(same_bytes(whole.bias.value(), copy.bias.value()));
    }
    first.steps(1, 4);
    const OptimizerState state = first.optimizer->state();
    Training second(make);
    second.weight.assign(first.weight.value());
    second.bias.assign(first.bias.value());
    second.optimizer->load_state(state);
    second.steps(4, 10);
    CHECK(same_bytes(whole.weight.value(), second.weight.value()));
    CHECK(same_bytes(whole.bias.value(), second.bias.value()));
    CHECK(second.optimizer->state().updates ==
          std::vector<std::pair<std::string, std::uint64_t>>{{"head.weight", 10}, {"head.bias", 5}});
    {
      const Optimizer::EvaluationWeights of_whole(*whole.optimizer), of_second(*second.optimizer);
      CHECK(same_bytes(whole.weight.value(), second.weight.value()));
      CHECK(same_bytes(whole.bias.value(), second.bias.value()));
    }
    // Taking the state has changed nothing.
    first.steps(4, 10);
    CHECK(same_bytes(whole.weight.value(), first.weight.value()));
  }
}

TEST_CASE("the state names every slot of every parameter") {
  const Training adam(make_adam), sgd(make_sgd);
  const auto names = [](const OptimizerState& state) {
    std::vector<std::string> all;
    for (const auto& [name, array] : state.arrays) all.push_back(name);
    return all;
  };
  CHECK(names(adam.optimizer->state()) ==
        std::vector<std::string>{"m.head.weight", "m.head.bias", "v.head.weight", "v.head.bias"});
  CHECK(names(sgd.optimizer->state()) == std::vector<std::string>{"momentum.head.weight", "momentum.head.bias"});
  const Training plain([](std::vector<Tensor> p) { return std::make_unique<Sgd>(std::move(p), SgdOptions{}); });
  CHECK(plain.optimizer->state().arrays.empty());
}

TEST_CASE("the order of a state's arrays does not matter") {
  Training adam(make_adam);
  adam.steps(0, 2);
  OptimizerState state = adam.optimizer->state();
  std::reverse(state.arrays.begin(), state.arrays.end());
  Training other(make_adam);
  other.optimizer->load_state(state);
  const OptimizerState loaded = other.optimizer->state();
  for (std::size_t i = 0; i < loaded.arrays.size(); ++i) {
    CHECK(same_bytes(loaded.arrays[i].second, adam.optimizer->state().arrays[i].second));
  }
}

TEST_CASE("parameters without a label, or with a label of another, have names of their own in the state") {
  const auto make = [] {
    std::vector<Tensor> parameters;
    for (const char* label : {"", "twice", "twice", "once", "#0"}) parameters.push_back(labelled(zeros({2}), label));
    return parameters;
  };
  const std::vector<Tensor> trained = make();
  Sgd sgd(trained, SgdOptions{.momentum = 0.9});
  for (std::size_t i = 0; i < trained.size(); ++i) trained[i].backward(full({2}, static_cast<Real>(i + 1)));
  sgd.step();
  const OptimizerState state = sgd.state();
  std::vector<std::string> names;
  for (const auto& [name, array] : state.arrays) names.push_back(name);
  CHECK(names == std::vector<std::string>{"momentum.#0", "momentum.#1", "momentum.#2", "momentum.once", "momentum.#4"});

  Sgd other(make(), SgdOptions{.momentum = 0.9});
  other.load_state(state);
  const OptimizerState loaded = other.state();
  for (std::size_t i = 0; i < trained.size(); ++i) {
    // The first momentum is the gradient.
    CHECK(loaded.arrays[i].second == full({2}, static_cast<Real>(i + 1)));
  }
}

TEST_CASE("factors, averages and figures are part of the state under names of their own") {
  const auto names = [](const Make& make) {
    const Training training(make);
    std::vector<std::string> all;
    const OptimizerState state = training.optimizer->state();
    for (const auto& [name, array] : state.arrays) all.push_back(name);
    for (const auto& [name, figure] : state.figures) all.push_back(name);
    return all;
  };
  CHECK(names(maker<Adafactor>(AdafactorOptions{})) ==
        std::vector<std::string>{"row.head.weight", "column.head.weight", "v.head.bias"});
  CHECK(names(maker<ScheduleFree>(ScheduleFreeOptions{})) ==
        std::vector<std::string>{"z.head.weight", "z.head.bias", "x.head.weight", "x.head.bias", "v.head.weight",
                                 "v.head.bias", "largest_rate.head.weight", "weight_sum.head.weight",
                                 "largest_rate.head.bias", "weight_sum.head.bias"});
  CHECK(names(maker<Muon>(MuonOptions{.not_hidden = {}})) ==
        std::vector<std::string>{"momentum.head.weight", "m.head.bias", "v.head.bias"});
  CHECK(names(maker<Sgd>(SgdOptions{.common = {.ema = 0.5}})) ==
        std::vector<std::string>{"ema.head.weight", "ema.head.bias", "ema"});
}

TEST_CASE("counts go by the names of the parameters, whatever their order") {
  // The weight has had 4 updates and the bias 2; an optimiser of the bias and the weight keeps that apart.
  Training first(make_adam);
  first.steps(0, 4);
  const OptimizerState state = first.optimizer->state();
  const Tensor weight = labelled(first.weight.value(), "head.weight"), bias = labelled(first.bias.value(), "head.bias");
  const std::unique_ptr<Optimizer> other = make_adam({bias, weight});
  other->load_state(state);
  CHECK(other->state().updates ==
        std::vector<std::pair<std::string, std::uint64_t>>{{"head.bias", 2}, {"head.weight", 4}});
  // The corrections of Adam's moments depend on the count: the next update has the same bytes in both orders.
  first.optimizer->parameters().zero_grad();
  for (const Tensor& parameter : {first.weight, weight}) parameter.backward(drawn({5, 3}, -1, 1, 9));
  for (const Tensor& parameter : {first.bias, bias}) parameter.backward(drawn({3}, -1, 1, 10));
  first.optimizer->step();
  other->step();
  CHECK(same_bytes(first.weight.value(), weight.value()));
  CHECK(same_bytes(first.bias.value(), bias.value()));
}

TEST_CASE(
    "a state that was taken among the weights to evaluate is loaded among them, and training goes on to the byte") {
  // What a checkpoint does: the file of the weights holds those to evaluate with.
  for (const Make& make : makers()) {
    Training whole(make);
    whole.steps(0, 10);
    Training first(make);
    first.steps(0, 5);
    Training second(make);
    second.steps(0, 3);  // a state of its own, which goes
    {
      const Optimizer::EvaluationWeights of_first(*first.optimizer), of_second(*second.optimizer);
      second.weight.assign(first.weight.value());
      second.bias.assign(first.bias.value());
      second.optimizer->load_state(first.optimizer->state());
    }
    second.steps(5, 10);
    CHECK(same_bytes(whole.weight.value(), second.weight.value()));
    CHECK(same_bytes(whole.bias.value(), second.bias.value()));
  }
}
