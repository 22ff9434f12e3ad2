#include "apps/training/weight_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace headlight {
namespace {

constexpr std::array<std::pair<WeightFormat, std::string_view>, 4> kNames = {{
    {WeightFormat::headlight, "headlight"},
    {WeightFormat::torch, "torch"},
    {WeightFormat::gpt2, "gpt2"},
    {WeightFormat::gpt2_linear, "gpt2_linear"},
}};

/// The last component, or the last two for the projections of an attention: what PyTorch alone says.
bool is_torch(std::string_view name) {
  for (const std::string_view ending : {"in_proj_weight", "q_proj_weight", "out_proj.weight"}) {
    if (name == ending) return true;
    if (name.ends_with(ending) && name[name.size() - ending.size() - 1] == '.') return true;
  }
  return false;
}

}  // namespace

std::string_view format_name(WeightFormat format) {
  for (const auto& [known, name] : kNames) {
    if (known == format) return name;
  }
  return "unknown";
}

WeightFormat format_of(std::span<const StoredTensor> tensors) {
  for (const StoredTensor& tensor : tensors) {
    const std::optional<BlockName> name = block_name(tensor.name, "h");
    if (name && name->rest == "attn.c_attn.weight") {
      const StoredShape& shape = tensor.shape;
      const bool three_outputs_first = shape.size() == 2 && shape[0] / 3 == shape[1] && shape[0] % 3 == 0;
      return three_outputs_first ? WeightFormat::gpt2_linear : WeightFormat::gpt2;
    }
    if (is_torch(tensor.name)) return WeightFormat::torch;
  }
  return WeightFormat::headlight;
}

std::optional<BlockName> block_name(std::string_view name, std::string_view list) {
  const std::string inside = "." + std::string(list) + ".";
  for (std::size_t begin = 0; begin < name.size();) {
    std::size_t number = 0;
    if (begin == 0 && name.starts_with(inside.substr(1))) {
      number = inside.size() - 1;
    } else {
      begin = name.find(inside, begin);
      if (begin == std::string_view::npos) return std::nullopt;
      number = begin + inside.size();
      ++begin;  // the stack's name keeps its dot
    }
    const std::size_t dot = name.find('.', number);
    const std::string_view block = name.substr(number, dot == std::string_view::npos ? 0 : dot - number);
    if (!block.empty() && std::ranges::all_of(block, [](char c) { return c >= '0' && c <= '9'; })) {
      return BlockName{std::string(name.substr(0, begin)), std::string(block), std::string(name.substr(dot + 1))};
    }
    begin = std::max<std::size_t>(begin, 1);
  }
  return std::nullopt;
}

}  // namespace headlight
