#include "apps/config/schema_rows.h"

#include <nlohmann/json.hpp>

namespace headlight::config::schema {

Type attention_blocks() {
  using Block = AttentionBlock;
  return choice<Block>(
      {{"enc.self", Block::kEncoderSelf}, {"dec.self", Block::kDecoderSelf}, {"dec.cross", Block::kDecoderCross}});
}

Default is(const Json& value) {
  return {.kind = Default::Kind::kValue, .json = value.dump(), .note = {}, .derive = {}};
}
Default required() { return {.kind = Default::Kind::kRequired, .json = {}, .note = {}, .derive = {}}; }
Default absent(std::string note) {
  return {.kind = Default::Kind::kAbsent, .json = {}, .note = std::move(note), .derive = {}};
}
Default derived(std::string note, std::function<Json(const Config&)> derive) {
  return {.kind = Default::Kind::kDerived, .json = {}, .note = std::move(note), .derive = std::move(derive)};
}

Condition only_for(std::string key, std::vector<std::string> values) { return {std::move(key), std::move(values)}; }

bool is_preset(const Config& c) { return !c.model.blocks && !c.model.encoder_blocks; }
bool has_feed_forward(const Config& c) { return is_preset(c) && !c.model.attention_only; }
bool is_keras(const Config& c) { return c.compat == Compat::kKeras || c.compat == Compat::kFounding; }

/// Keys that the composed form replaces.
Need preset() {
  return {.holds = is_preset,
          .otherwise = "`model.blocks` is given",
          .help = "remove it; in the composed form each layer of `model.blocks` has keys of its own",
          .key = "blocks"};
}
Need feed_forward() {
  return {.holds = [](const Config& c) { return !c.model.attention_only; },
          .otherwise = "`model.attention_only` is true",
          .help = "remove it, or set `model.attention_only` to false"};
}
Need norms() {
  return {.holds =
              [](const Config& c) {
                return (is_preset(c) && c.model.norm != Norm::kNone) || c.model.final_norm ||
                       c.model.head == Head::kMlp;
              },
          .otherwise = "no norm is in the model",
          .help = "remove it, or give the model a norm with `model.norm` or `model.final_norm`"};
}
Need generated() {
  return {.holds = [](const Config& c) { return !reads_files(c); },
          .otherwise = "the examples come from files",
          .help = "remove it; what is held out is said by `task.split`, `task.eval_examples` or `task.eval_file`"};
}
Need need(std::function<bool(const Config&)> holds, std::string otherwise, std::string help) {
  return {.holds = std::move(holds), .otherwise = std::move(otherwise), .help = std::move(help)};
}

}  // namespace headlight::config::schema
