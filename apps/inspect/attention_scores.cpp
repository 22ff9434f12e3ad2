#include "apps/inspect/attention_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace headlight {

std::vector<HeadScores> score_heads(const std::vector<AttentionWeights>& layers, const std::vector<MapAxes>& axes,
                                    const std::vector<std::string>& blocks, const std::vector<PatternRule>& patterns) {
  std::vector<HeadScores> scores;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    std::vector<HeadRoles> roles = score_roles(layers[layer], axes.at(layer), blocks.at(layer), patterns);
    for (std::size_t head = 0; head < roles.size(); ++head) {
      scores.push_back({.layer = layer, .head = head, .roles = std::move(roles[head])});
    }
  }
  return scores;
}

void merge(std::vector<HeadScores>& scores, const std::vector<HeadScores>& more) {
  const auto same = [](const HeadScores& a, const HeadScores& b) { return a.layer == b.layer && a.head == b.head; };
  if (!std::equal(scores.begin(), scores.end(), more.begin(), more.end(), same)) {
    raise<ShapeError>("attention scores", "only scores of the same heads can be merged",
                      fmt::format("{} and {} heads", scores.size(), more.size()));
  }
  const auto roles_of = [](const std::vector<HeadScores>& heads) {
    std::vector<HeadRoles> roles;
    roles.reserve(heads.size());
    for (const HeadScores& head : heads) roles.push_back(head.roles);
    return roles;
  };
  std::vector<HeadRoles> merged = roles_of(scores);
  merge(merged, roles_of(more));
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i].roles = std::move(merged[i]);
}

const HeadScores& best_head(const std::vector<HeadScores>& scores) {
  if (scores.empty()) raise<ShapeError>("attention scores", "there is no head to choose from");
  // A head of which a pattern speaks outranks one of which none does; one that never chooses comes last.
  const auto rank = [](const HeadScores& head) {
    const HeadRoles& roles = head.roles;
    const bool spoken_of = !roles.patterns.empty() && roles.patterns.front() && roles.patterns.front()->rows > 0;
    if (spoken_of) return 1 + roles.patterns.front()->mass();
    return roles.choosing_rows > 0 ? -roles.share() : -2.0;
  };
  return *std::max_element(scores.begin(), scores.end(),
                           [&](const HeadScores& a, const HeadScores& b) { return rank(a) < rank(b); });
}

}  // namespace headlight
