#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/heads/captured_run.h"
#include "apps/inspect/head_algebra.h"
#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight {

/// The head of an earlier layer with which a figure is largest.
struct FromEarlier {
  HeadPlace earlier{};
  double value = 0;
};

/// What the weights of one head say of it; see head_algebra.h. A norm in front of its layer is folded into it. Nothing where a
/// figure has no meaning: without tokens, before the first layer, or, for keys and values, in cross-attention, which reads
/// another stream.
struct HeadCircuit {
  HeadPlace place{};
  std::optional<EigenSigns> copying{};     ///< W_U OV W_E, where the classes are the tokens that are read
  std::optional<double> previous_token{};  ///< from added positions alone, normalised as the layer's norm does
  std::optional<FromEarlier> query{};      ///< composition scores
  std::optional<FromEarlier> key{};
  std::optional<FromEarlier> value{};
  std::optional<FromEarlier> prefix{};  ///< balance of prefix_matching_score()
};

struct Circuits {
  std::vector<HeadCircuit> heads{};
  std::vector<std::string> notes{};  ///< layers that are left out, each with the reason
};

/// Reads the QK and OV circuits of all heads whose scores are products of a query and a key matrix alone. `composed` is
/// the form that the model was built from.
Circuits read_circuits(const Model& model, const Task& task, const nlohmann::json& composed);

}  // namespace headlight
