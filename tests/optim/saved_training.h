#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "optim/adam.h"
#include "optim/sgd.h"
#include "tests/common/arrays.h"
#include "tests/optim/labelled.h"

namespace headlight::testing::inline HEADLIGHT_PRECISION {

using Make = std::function<std::unique_ptr<Optimizer>(std::vector<Tensor>)>;

/// Two parameters and their optimiser; the gradient of a step is a function of its number.
struct Training {
  explicit Training(const Make& make)
      : weight(labelled(drawn({5, 3}, -1, 1, 1), "head.weight")),
        bias(labelled(drawn({3}, -1, 1, 2), "head.bias")),
        optimizer(make({weight, bias})) {}

  void steps(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t step = from; step < to; ++step) {
      optimizer->parameters().zero_grad();
      weight.backward(drawn({5, 3}, -1, 1, 100 + step));
      if (step % 2 == 1) bias.backward(drawn({3}, -1, 1, 200 + step));  // the counts of the two differ
      optimizer->step(1 / (1 + static_cast<double>(step)), 0.5);
    }
  }

  Tensor weight, bias;
  std::unique_ptr<Optimizer> optimizer;
};

inline std::unique_ptr<Optimizer> make_adam(std::vector<Tensor> parameters) {
  return std::make_unique<Adam>(std::move(parameters), AdamOptions{.common = {.weight_decay = 0.1}});
}

inline std::unique_ptr<Optimizer> make_sgd(std::vector<Tensor> parameters) {
  return std::make_unique<Sgd>(std::move(parameters), SgdOptions{.momentum = 0.9});
}

template <class Algorithm, class Options>
Make maker(const Options& options) {
  return
      [options](std::vector<Tensor> parameters) { return std::make_unique<Algorithm>(std::move(parameters), options); };
}

/// What is wrong with a state for an optimiser.
inline std::string state_fault(Optimizer& optimizer, const OptimizerState& state) {
  try {
    optimizer.load_state(state);
  } catch (const StateError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
