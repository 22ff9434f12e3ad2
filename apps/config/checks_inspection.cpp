// What is watched of a run: which attention there is to record, and what would be drawn of it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "apps/config/checks.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

constexpr std::array kAllBlocks = {AttentionBlock::kEncoderSelf, AttentionBlock::kDecoderSelf,
                                   AttentionBlock::kDecoderCross};

std::string name_of(AttentionBlock block) {
  for (const auto& [name, enumerator] : attention_blocks().choices) {
    if (enumerator == static_cast<int>(block)) return name;
  }
  return {};
}

/// Those that name every block are meant for any model, and for what it has of them: the default does.
std::optional<Problem> recorded_blocks_exist(const Config& config, const Node& /*given*/) {
  const std::vector<AttentionBlock>& record = config.probes.record;
  if (record.empty()) {
    return Problem{.what = "`probes.record` is empty, so that no map of the probes would be kept",
                   .place = {},
                   .help = fmt::format("name what shall be kept: {}; to keep nothing, set `snapshots.schedule` to "
                                       "\"none\"",
                                       blocks_of(config.model.arch))};
  }
  const auto is_named = [&](AttentionBlock block) {
    return std::find(record.begin(), record.end(), block) != record.end();
  };
  if (std::all_of(kAllBlocks.begin(), kAllBlocks.end(), is_named)) return std::nullopt;
  const auto absent = std::find_if(record.begin(), record.end(),
                                   [&](AttentionBlock block) { return !has_block(config.model.arch, block); });
  if (absent == record.end()) return std::nullopt;
  return Problem{.what =
                     fmt::format("a model of this `model.arch` has no attention \"{}\" to record", name_of(*absent)),
                 .place = {},
                 .help = blocks_of(config.model.arch)};
}

std::optional<Problem> images_have_snapshots(const Config& config, const Node& /*given*/) {
  if (!config.logging.tensorboard_images) return std::nullopt;
  const auto without_effect = [](const char* why, const char* help) {
    return Problem{.what = fmt::format("`logging.tensorboard_images` has no effect while {}", why),
                   .place = {},
                   .help = help};
  };
  if (!config.logging.tensorboard) {
    return without_effect("`logging.tensorboard` is false", "remove it, or set `logging.tensorboard` to true");
  }
  if (config.snapshots.schedule == SnapshotSchedule::kNone) {
    return without_effect("`snapshots.schedule` is \"none\"", "remove it, or take snapshots: \"log\" or \"linear\"");
  }
  if (config.probes.random == 0 && config.probes.inputs.empty()) {
    return without_effect("there is no probe to draw",
                          "remove it, or give `probes.inputs` or a `probes.random` of at least 1");
  }
  return std::nullopt;
}

}  // namespace

const std::vector<Rule>& inspection_rules() {
  static const std::vector<Rule> all = {
      {{"probes.record", "model.arch"}, recorded_blocks_exist},
      {{"logging.tensorboard_images", "logging.tensorboard", "snapshots.schedule", "probes.random", "probes.inputs"},
       images_have_snapshots},
  };
  return all;
}

}  // namespace headlight::config::schema
