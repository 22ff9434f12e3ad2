// States that an optimiser refuses.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/optim/saved_training.h"

using namespace headlight;
using headlight::testing::make_adam;
using headlight::testing::make_sgd;
using headlight::testing::maker;
using headlight::testing::state_fault;
using headlight::testing::Training;

TEST_CASE("a state of something else is refused with everything that is wrong, and nothing is changed") {
  Training adam(make_adam);
  adam.steps(0, 3);
  const OptimizerState before = adam.optimizer->state();
  const std::string start = "optimizer state: it does not belong to this optimiser and model; ";
  const std::string end = "; resume with the optimiser and the model that wrote it";

  CHECK(state_fault(*adam.optimizer, Training(make_sgd).optimizer->state()) ==
        start +
            "`m.head.weight` is missing, `m.head.bias` is missing, `v.head.weight` is missing, `v.head.bias` is "
            "missing, `momentum.head.bias` is unknown, `momentum.head.weight` is unknown" +
            end);

  OptimizerState wrong = before;
  wrong.updates.pop_back();
  wrong.arrays[0].second = zeros({3, 5});
  wrong.arrays.erase(wrong.arrays.begin() + 3);
  wrong.arrays.emplace_back("w.head.bias", zeros({3}));
  CHECK(state_fault(*adam.optimizer, wrong) ==
        start +
            "the update count of `head.bias` is missing, `v.head.bias` is missing, `w.head.bias` is unknown, "
            "`m.head.weight` has shape (3, 5) for (5, 3)" +
            end);

  const OptimizerState after = adam.optimizer->state();
  CHECK(after.updates == before.updates);
  for (std::size_t i = 0; i < before.arrays.size(); ++i) {
    CHECK(same_bytes(after.arrays[i].second, before.arrays[i].second));
  }
}

TEST_CASE("counts of other parameters, or given twice, are refused") {
  Training adam(make_adam);
  OptimizerState renamed = adam.optimizer->state();
  renamed.updates[1].first = "head.gain";
  CHECK_THAT(state_fault(*adam.optimizer, renamed),
             Catch::Contains("the update count of `head.bias` is missing, the update count of `head.gain` is unknown"));
  renamed.updates[1].first = "head.weight";
  CHECK_THAT(state_fault(*adam.optimizer, renamed),
             Catch::Contains("the update count of `head.weight` is given twice"));
}

TEST_CASE("numbers that are not finite are refused") {
  Training adam(make_adam);
  const Array before = adam.optimizer->state().arrays[3].second;
  for (const Real bad : {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity()}) {
    OptimizerState state = adam.optimizer->state();
    state.updates[0].second = 7;
    state.arrays[3].second.data()[2] = bad;
    CHECK_THAT(state_fault(*adam.optimizer, state), Catch::Contains("`v.head.bias` holds NaN or infinity"));
    CHECK(same_bytes(adam.optimizer->state().arrays[3].second, before));
    CHECK(adam.optimizer->state().updates[0].second == 0);
  }
}

TEST_CASE("figures that are missing, unknown or impossible are refused") {
  Training training(maker<Sgd>(SgdOptions{.common = {.ema = 0.5}}));
  OptimizerState state = training.optimizer->state();
  const std::string start = "optimizer state: it does not belong to this optimiser and model; ";
  const std::string end = "; resume with the optimiser and the model that wrote it";
  state.figures = {{"emu", 1}};
  CHECK(state_fault(*training.optimizer, state) ==
        start + "the figure `ema` is missing, the figure `emu` is unknown" + end);
  state.figures = {{"ema", -1}};
  CHECK(state_fault(*training.optimizer, state) == start + "the figure `ema` is -1" + end);
  // It counts updates: 2^53 is the last whole number before doubles begin to skip some.
  for (const auto& [count, text] : {std::pair{2.5, "2.5"}, std::pair{1e300, "1e+300"}}) {
    state.figures = {{"ema", count}};
    CHECK(state_fault(*training.optimizer, state) ==
          start + "the figure `ema` is " + text + ", but counts updates" + end);
  }
  state.figures = {{"ema", 9007199254740992}};
  CHECK(state_fault(*training.optimizer, state) == "no error");
}
