#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/tasks/task.h"
#include "layers/models/model.h"

namespace headlight {

/// What each part of a model adds to one of its answers.
struct AnswerAttribution {
  struct Part {
    std::string name{};  ///< "embedding", "dec.self.layer0.head.1", "layers.0.feed_forward", "head.bias"
    double logit = 0;    ///< what it adds to the logit of the answer
    double margin = 0;   ///< what it adds to the distance from the next likely class
  };

  std::size_t row = 0;
  std::int32_t answer = 0;  ///< the most likely class there
  std::int32_t other = 0;   ///< the next likely one
  double logit = 0;         ///< of the answer, as the model gives it
  double margin = 0;        ///< the same minus that of the next likely one
  std::vector<Part> parts{};
};

/// Direct logit attribution of the model's answer to an example at a row; see attribute_logits(). The parts are what is
/// embedded, each head, and every other step that adds to the residual stream; they add up to the logit. Of a model that
/// answers from the mean over positions they are means too. `composed` is the form that the model was built from.
/// Throws ConfigError with the reason where the logits are no such sum: norms behind a step or in place of the residual
/// (post, sandwich), residuals that are scaled or gated, blocks that do not add, a final batch norm, a head that is not linear.
AnswerAttribution attribute_answer(Model& model, const Task& task, const nlohmann::json& composed,
                                   const Example& example, std::size_t row);

}  // namespace headlight
