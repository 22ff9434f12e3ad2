#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/schema.h"

/// The rows of the table of keys, one file for each part of a config, and the words that rows are written in.
///
/// How to add a key: a member in config.h, and one row in the part it belongs to. Validation, defaults, the resolved
/// config, the JSON Schema, the reference and the suggestions all follow from the row. An option that nothing reads has
/// no row.
namespace headlight::config::schema {

using Json = nlohmann::ordered_json;

std::vector<Key> run_rows();
std::vector<Key> task_rows();
std::vector<Key> data_rows();
std::vector<Key> pairs_task_rows();      ///< copy, sort, addition, modular, induction
std::vector<Key> algorithm_task_rows();  ///< recall, mqar, rasp, formal, linreg
std::vector<Key> model_rows();
std::vector<Key> attention_rows();
std::vector<Key> weights_rows();
std::vector<Key> loss_rows();
std::vector<Key> optimizer_rows();
std::vector<Key> schedule_rows();
std::vector<Key> loop_rows();
std::vector<Key> growth_rows();
std::vector<Key> inspection_rows();

/// Updates of the longest run, examples of the largest set, positions of the longest sequence.
constexpr double kMostSteps = 1e12;
constexpr double kMostExamples = 1e9;
constexpr double kLongest = 65536;

/// enc.self, dec.self, dec.cross.
Type attention_blocks();

/// The default of a key: a value, none because it must be given, absence (and what that means), or a value that follows
/// from the rest of the config (and how).
Default is(const Json& value);
Default required();
Default absent(std::string note);
Default derived(std::string note, std::function<Json(const Config&)> derive);

/// The key has a meaning only where the key beside it has one of these values.
Condition only_for(std::string key, std::vector<std::string> values);

/// The key has a meaning only where `holds`; `otherwise` says why not, `help` what to do.
Need need(std::function<bool(const Config&)> holds, std::string otherwise, std::string help);
Need preset();        ///< the model is not written out in blocks
Need feed_forward();  ///< its blocks have feed-forward layers
Need norms();         ///< some norm is in it
Need generated();     ///< the task makes its examples itself

bool is_preset(const Config& config);
bool has_feed_forward(const Config& config);
bool is_keras(const Config& config);

}  // namespace headlight::config::schema
