#include "apps/training/gpt2_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace headlight {
namespace {

using Words = std::pair<std::string_view, std::string_view>;  ///< ours, theirs

constexpr std::array<Words, 3> kProjections = {
    {{"attention.output", "attn.c_proj"}, {"feed_forward.up", "mlp.c_fc"}, {"feed_forward.down", "mlp.c_proj"}}};
constexpr std::array<Words, 2> kNorms = {{{"attention_norm", "ln_1"}, {"feed_forward_norm", "ln_2"}}};

std::optional<StoredPlace> in_block(const std::string& front, std::string_view rest, bool weights_in_out) {
  const std::size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view module = rest.substr(0, dot);
  const std::string last(rest.substr(dot));
  for (const auto& [ours, theirs] : kNorms) {
    if (module == ours) {
      return StoredPlace{.tensor = fmt::format("{}{}{}", front, theirs, last == ".gain" ? ".weight" : last)};
    }
  }
  const bool transposed = weights_in_out && last == ".weight";
  for (std::size_t i = 0; i < kPackedProjections.size(); ++i) {
    if (module == fmt::format("attention.{}", kPackedProjections[i])) {
      return StoredPlace{.tensor = fmt::format("{}attn.c_attn{}", front, last),
                         .part = i,
                         .parts = 3,
                         .transposed = transposed};
    }
  }
  for (const auto& [ours, theirs] : kProjections) {
    if (module == ours)
      return StoredPlace{.tensor = fmt::format("{}{}{}", front, theirs, last), .transposed = transposed};
  }
  return std::nullopt;
}

/// True when the name is `ours`, alone or in a stack: "decoder.embedding.weight" for "embedding.weight".
bool is(std::string_view name, std::string_view ours) {
  return name == ours || (name.ends_with(ours) && name[name.size() - ours.size() - 1] == '.');
}

StoredPlace place(const std::string& name, const Gpt2Names& names) {
  if (const std::optional<BlockName> block = block_name(name, "layers")) {
    const std::string front = names.prefix + "h." + block->block + ".";
    if (auto found = in_block(front, block->rest, names.weights_in_out)) return *found;
    return {.tensor = name};
  }
  if (is(name, "embedding.weight")) return {.tensor = names.prefix + "wte.weight"};
  if (is(name, "positions.weight")) return {.tensor = names.prefix + "wpe.weight"};
  if (is(name, "final_norm.gain")) return {.tensor = names.prefix + "ln_f.weight"};
  if (is(name, "final_norm.bias")) return {.tensor = names.prefix + "ln_f.bias"};
  if (name == "head.weight") return {.tensor = names.own_head ? "lm_head.weight" : names.prefix + "wte.weight"};
  return {.tensor = name};
}

}  // namespace

Gpt2Names gpt2_names(std::span<const std::string> theirs, WeightFormat format) {
  Gpt2Names names{.prefix = "", .weights_in_out = format == WeightFormat::gpt2, .own_head = false};
  for (const std::string& name : theirs) {
    const std::optional<BlockName> block = block_name(name, "h");
    if (block && block->rest == "attn.c_attn.weight") names.prefix = block->stack;
    if (name == "lm_head.weight") names.own_head = true;
  }
  return names;
}

StoredPlaces gpt2_places(std::span<const OurParameter> ours, const Gpt2Names& names) {
  StoredPlaces places;
  for (const OurParameter& parameter : ours) places.emplace(parameter.name, place(parameter.name, names));
  return places;
}

bool is_gpt2_buffer(std::string_view name) {
  const std::optional<BlockName> block = block_name(name, "h");
  return block && (block->rest == "attn.bias" || block->rest == "attn.masked_bias");
}

}  // namespace headlight
