#include "apps/training/torch_names.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace headlight {
namespace {

using Words = std::pair<std::string_view, std::string_view>;  ///< ours, theirs

/// True when `name` is "<prefix><word>..." for a word and what follows it.
bool begins(std::string_view name, std::string_view word) { return name.starts_with(word); }

/// Prefixes of stacks, and whether they read a memory.
std::map<std::string, bool> stacks_of(std::span<const std::string> names, std::string_view self,
                                      std::string_view cross) {
  std::map<std::string, bool> stacks;
  for (const std::string& name : names) {
    const std::optional<BlockName> block = block_name(name, "layers");
    if (!block || !(begins(block->rest, self) || begins(block->rest, cross))) continue;
    bool& reads_memory = stacks[block->stack];
    reads_memory = reads_memory || begins(block->rest, cross);
  }
  return stacks;
}

std::vector<std::string> with_value(const std::map<std::string, bool>& stacks, bool value) {
  std::vector<std::string> names;
  for (const auto& [name, reads_memory] : stacks) {
    if (reads_memory == value) names.push_back(name);
  }
  return names;
}

/// Where an attention's parameters begin: everything in front of "query.weight", given that there is an output too.
std::set<std::string> attentions_of(std::span<const OurParameter> ours) {
  std::set<std::string> names;
  for (const OurParameter& parameter : ours) names.insert(parameter.name);
  std::set<std::string> prefixes;
  constexpr std::string_view kSign = "query.weight";
  for (const std::string& name : names) {
    if (!name.ends_with(kSign)) continue;
    const std::string prefix = name.substr(0, name.size() - kSign.size());
    if ((prefix.empty() || prefix.back() == '.') && names.contains(prefix + "output.weight")) prefixes.insert(prefix);
  }
  return prefixes;
}

class TorchNames {
 public:
  TorchNames(std::span<const OurParameter> ours, const StackNames& stacks)
      : stacks_(stacks), attentions_(attentions_of(ours)) {
    for (const OurParameter& parameter : ours) {
      shapes_.emplace(parameter.name, parameter.shape);
      const std::optional<BlockName> block = block_name(parameter.name, "layers");
      if (block && begins(block->rest, "cross_attention.")) with_cross_.insert(block->stack + block->block);
    }
  }

  StoredPlace place(const std::string& name) const {
    for (const std::string& prefix : attentions_) {
      if (!begins(name, prefix)) continue;
      if (std::optional<StoredPlace> found = in_attention(prefix, name.substr(prefix.size()))) return *found;
    }
    return {.tensor = outside_attention(name)};
  }

 private:
  const std::string& stack(const std::string& ours) const {
    const auto found = stacks_.find(ours);
    return found != stacks_.end() ? found->second : ours;
  }

  std::string attention_prefix(const std::string& prefix) const {
    const std::optional<BlockName> block = block_name(prefix, "layers");
    if (!block) return prefix;
    std::string step = block->rest;
    if (step == "attention.") step = "self_attn.";
    if (step == "cross_attention.") step = "multihead_attn.";
    return stack(block->stack) + "layers." + block->block + "." + step;
  }

  /// PyTorch packs the three weights exactly when they read inputs of one width.
  bool packed(const std::string& prefix) const {
    const auto shape = [&](std::string_view role) {
      const auto found = shapes_.find(prefix + std::string(role) + ".weight");
      return found != shapes_.end() ? found->second : StoredShape{};
    };
    return shape("query") == shape("key") && shape("query") == shape("value");
  }

  std::optional<StoredPlace> in_attention(const std::string& prefix, std::string_view rest) const {
    const std::string theirs = attention_prefix(prefix);
    for (std::size_t i = 0; i < kPackedProjections.size(); ++i) {
      const std::string role(kPackedProjections[i]);
      if (rest == role + ".bias") return StoredPlace{.tensor = theirs + "in_proj_bias", .part = i, .parts = 3};
      if (rest != role + ".weight") continue;
      if (packed(prefix)) return StoredPlace{.tensor = theirs + "in_proj_weight", .part = i, .parts = 3};
      return StoredPlace{.tensor = theirs + role.substr(0, 1) + "_proj_weight"};
    }
    if (rest == "output.weight" || rest == "output.bias") {
      return StoredPlace{.tensor = theirs + "out_proj" + std::string(rest.substr(rest.find('.')))};
    }
    if (rest == "sink_key") return StoredPlace{.tensor = theirs + "bias_k", .as_row = true};
    if (rest == "sink_value") return StoredPlace{.tensor = theirs + "bias_v", .as_row = true};
    return std::nullopt;
  }

  std::string outside_attention(const std::string& name) const {
    if (const std::optional<BlockName> block = block_name(name, "layers")) {
      const bool cross = with_cross_.contains(block->stack + block->block);
      const std::string front = stack(block->stack) + "layers." + block->block + ".";
      const std::array<Words, 5> words = {{{"attention_norm", "norm1"},
                                           {"cross_attention_norm", "norm2"},
                                           {"feed_forward_norm", cross ? "norm3" : "norm2"},
                                           {"feed_forward.up", "linear1"},
                                           {"feed_forward.down", "linear2"}}};
      for (const auto& [ours, theirs] : words) {
        if (const auto last = after(block->rest, ours)) return front + std::string(theirs) + *last;
      }
      return name;
    }
    constexpr std::string_view kFinal = "final_norm.";
    const std::size_t begin = name.rfind(kFinal);
    if (begin == std::string::npos || (begin > 0 && name[begin - 1] != '.')) return name;
    const auto last = after(std::string_view(name).substr(begin), "final_norm");
    return last ? stack(name.substr(0, begin)) + "norm" + *last : name;
  }

  /// ".weight" for "<word>.weight" and "<word>.gain", ".bias" for "<word>.bias".
  static std::optional<std::string> after(std::string_view name, std::string_view word) {
    if (!name.starts_with(word)) return std::nullopt;
    const std::string_view last = name.substr(word.size());
    if (last == ".weight" || last == ".gain") return ".weight";
    if (last == ".bias") return ".bias";
    return std::nullopt;
  }

  const StackNames& stacks_;
  std::set<std::string> attentions_;
  std::map<std::string, StoredShape> shapes_;
  std::set<std::string> with_cross_;  ///< stack and block joined
};

}  // namespace

StackNames torch_stacks(std::span<const OurParameter> ours, std::span<const std::string> theirs) {
  std::vector<std::string> names;
  for (const OurParameter& parameter : ours) names.push_back(parameter.name);
  const auto our_stacks = stacks_of(names, "attention.", "cross_attention.");
  const auto their_stacks = stacks_of(theirs, "self_attn.", "multihead_attn.");
  StackNames found;
  for (const bool reads_memory : {false, true}) {
    std::vector<std::string> left = with_value(our_stacks, reads_memory);
    std::vector<std::string> right = with_value(their_stacks, reads_memory);
    for (const std::string& name : with_value(our_stacks, reads_memory)) {
      if (std::erase(right, name) == 0) continue;
      found.emplace(name, name);
      std::erase(left, name);
    }
    if (left.size() == 1 && right.size() == 1) found.emplace(left.front(), right.front());
  }
  return found;
}

StoredPlaces torch_places(std::span<const OurParameter> ours, const StackNames& stacks) {
  const TorchNames names(ours, stacks);
  StoredPlaces places;
  for (const OurParameter& parameter : ours) places.emplace(parameter.name, names.place(parameter.name));
  return places;
}

}  // namespace headlight
