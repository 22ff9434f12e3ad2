#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/stored_tensor.h"

/// How the parameters of a model are called, and laid out, in files of Headlight and of other tools.
namespace headlight {

/// Whose names a weight file uses.
enum class WeightFormat {
  headlight,    ///< ours: "layers.0.attention.query.weight"
  torch,        ///< PyTorch's nn.MultiheadAttention, nn.Transformer and its parts: "layers.0.self_attn.in_proj_weight"
  gpt2,         ///< GPT-2 as Hugging Face stores it, weights (in, out): "transformer.h.0.attn.c_attn.weight"
  gpt2_linear,  ///< the same names with weights (out, in), as minGPT and nanoGPT store them
};

/// "torch"
std::string_view format_name(WeightFormat format);

/// The format that a file's tensor names and shapes tell.
WeightFormat format_of(std::span<const StoredTensor> tensors);

/// A parameter of ours.
struct OurParameter {
  std::string name;
  StoredShape shape;
};

/// Where a parameter of ours lies in a file: the whole of a tensor, or one of its parts.
struct StoredPlace {
  std::string tensor;
  std::size_t part = 0;     ///< parts lie one behind another along the output axis
  std::size_t parts = 1;    ///< parts that belong to different parameters of ours; 1: the tensor is all ours
  bool transposed = false;  ///< stored as (in, out)
  bool as_row = false;      ///< stored as (1, 1, number of elements)
};

/// The projections that other tools pack into one tensor, in its order.
inline constexpr std::array<std::string_view, 3> kPackedProjections = {"query", "key", "value"};

/// Our name -> its place.
using StoredPlaces = std::map<std::string, StoredPlace>;

/// A name of ours, taken apart at its block: "decoder.layers.3.attention.query.weight" is stack "decoder.", block "3",
/// rest "attention.query.weight". Nothing for a parameter outside of blocks.
struct BlockName {
  std::string stack;
  std::string block;
  std::string rest;
};

/// Takes a name apart at "<stack><list>.<number>.<rest>"; list is "layers" for us and PyTorch, "h" for GPT-2.
std::optional<BlockName> block_name(std::string_view name, std::string_view list);

}  // namespace headlight
