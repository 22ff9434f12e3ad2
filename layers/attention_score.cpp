#include "layers/attention_score.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>
#include <utility>

#include "core/error.h"
#include "layers/registry.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::array<const char*, 6> kBuiltin{"scaled_dot", "dot", "bilinear", "additive", "cosine", "l2"};

// Function's statics: registrations run before main, in any order.
std::map<std::string, ScoreMaker>& registry() {
  static std::map<std::string, ScoreMaker> makers;
  return makers;
}

std::set<std::string>& duplicates() {
  static std::set<std::string> types;
  return types;
}

void refuse_duplicates() {
  if (duplicates().empty()) return;
  raise<StateError>("register score", fmt::format("registered twice: {}", fmt::join(duplicates(), ", ")), {},
                    "choose another name for one of the scores");
}

}  // namespace

const char* name_of(ScoreKind kind) { return kBuiltin[static_cast<std::size_t>(kind)]; }

RegisterScore::RegisterScore(const std::string& type, ScoreMaker maker) {
  bool taken = false;
  for (const char* const builtin : kBuiltin) taken = taken || type == builtin;
  if (taken || !registry().emplace(type, std::move(maker)).second) duplicates().insert(type);
}

std::unique_ptr<AttentionScore> make_score(const LayerConfig& config, const ScoreSize& size, Init& init) {
  refuse_duplicates();
  const auto maker = registry().find(config.type());
  if (maker == registry().end()) {
    raise<ConfigError>("multi_head_attention", "there is no score `" + config.type() + "`", {},
                       fmt::format("known scores: {}", fmt::join(registered_scores(), ", ")));
  }
  std::unique_ptr<AttentionScore> score = maker->second(config, size, init);
  config.refuse_unread();
  return score;
}

std::vector<std::string> registered_scores() {
  refuse_duplicates();
  std::vector<std::string> names(kBuiltin.begin(), kBuiltin.end());
  for (const auto& entry : registry()) names.push_back(entry.first);
  return names;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
