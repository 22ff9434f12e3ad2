#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/config.h"
#include "apps/config/located.h"
#include "apps/config/validate.h"

namespace headlight::config::schema {

/// The mistakes that no single key shows: values that do not fit together. `given` is what the sources said, for
/// places. A rule is left out when a key that it speaks of has a mistake already.
void check_together(const Config& config, const Node& given, Report& report);

/// A rule between keys.
struct Rule {
  std::vector<const char*> keys;  ///< what it speaks of; the problem is shown at the first that is given
  std::optional<Problem> (*check)(const Config& config, const Node& given);
};

/// Those about the task alone, or about the task and the architecture.
const std::vector<Rule>& task_rules();

/// Those about the model and the supervision of its heads.
const std::vector<Rule>& model_rules();

/// Those about examples from files, and how they are drawn.
const std::vector<Rule>& data_rules();

/// Those about recall, mqar, rasp, formal and linreg, and what they ask of the model.
const std::vector<Rule>& algorithm_rules();

/// Those about which examples a batch has, and of what size.
const std::vector<Rule>& sampling_rules();

/// Those about the figures that end a run early and choose its best checkpoint.
const std::vector<Rule>& goal_rules();

/// Those about what is watched of a run while it trains.
const std::vector<Rule>& inspection_rules();

/// Whether a model of the architecture has such attention.
bool has_block(Arch arch, AttentionBlock block);

/// What it has, for people: "an encoder has enc.self alone".
const char* blocks_of(Arch arch);

/// The value of `trainer.sampling`, in quotes.
std::string sampling_name(const Config& config);

bool is_given(const Node& given, std::string_view path);

/// The node at a dotted path below `root`, or nullptr.
const Node* find_node(const Node& root, std::string_view path);

/// Where to show a problem of the key: its value if given, else the nearest object around it that is.
Place place_of(const Node& root, std::string_view path);

}  // namespace headlight::config::schema
