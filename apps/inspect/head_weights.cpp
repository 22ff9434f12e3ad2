#include "apps/inspect/head_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// The parameters of one layer, found by name.
class LayerParameters {
 public:
  LayerParameters(const Module& model, const std::string& path)
      : parameters_(model.parameters()), prefix_(path.empty() ? "" : path + ".") {}

  const Array* find(std::string_view name) const {
    for (const NamedParameter& parameter : parameters_) {
      if (parameter.name == prefix_ + std::string(name)) return &parameter.tensor.value();
    }
    return nullptr;
  }

  const Array& weight(std::string_view name) const {
    const Array* found = find(name);
    if (found == nullptr) refuse(name);
    if (found->dimension() != 2) {
      raise<ShapeError>("head weights", fmt::format("`{}{}` is no matrix", prefix_, name), to_string(found->shape()),
                        "a convolved value has one matrix for each tap, not one for the head");
    }
    return *found;
  }

 private:
  [[noreturn]] void refuse(std::string_view name) const {
    std::string known;
    for (const NamedParameter& parameter : parameters_) {
      constexpr std::string_view kSign = "query.weight";
      if (!parameter.name.ends_with(kSign)) continue;
      std::string path = parameter.name.substr(0, parameter.name.size() - kSign.size());
      if (!path.empty()) path.pop_back();
      known += fmt::format("{}`{}`", known.empty() ? "" : ", ", path);
    }
    raise<StateError>("head weights", fmt::format("there is no parameter `{}{}`", prefix_, name),
                      known.empty() ? "the model has no attention layer" : "attention layers: " + known);
  }

  std::vector<NamedParameter> parameters_;
  std::string prefix_;
};

Array rows_of(const Array& a, std::size_t begin, std::size_t count) {
  const std::size_t cols = a.dimension() == 2 ? a.shape()[1] : 1;
  Array part = uninitialized(a.dimension() == 2 ? Shape{count, cols} : Shape{count});
  std::copy_n(a.data() + begin * cols, count * cols, part.data());
  return part;
}

Array cols_of(const Array& a, std::size_t begin, std::size_t count) {
  Array part = uninitialized({a.shape()[0], count});
  for (std::size_t row = 0; row < a.shape()[0]; ++row) {
    std::copy_n(a.data() + row * a.shape()[1] + begin, count, part.data() + row * count);
  }
  return part;
}

/// The extent of one of `heads` equal parts.
std::size_t part_size(std::string_view name, std::size_t extent, std::size_t heads) {
  if (heads > 0 && extent % heads == 0) return extent / heads;
  raise<ShapeError>("head weights", fmt::format("`{}` does not divide into {} heads", name, heads),
                    fmt::format("{} rows", extent), "pass the numbers of heads that the layer was built with");
}

struct Projection {
  Array weight;
  Array bias;
};

/// Part `index` of `heads` parts of the projection `name`.
Projection cut(const LayerParameters& layer, const std::string& name, std::size_t index, std::size_t heads) {
  const Array& weight = layer.weight(name + ".weight");
  const std::size_t size = part_size(name, weight.shape()[0], heads);
  const Array* bias = layer.find(name + ".bias");
  return {rows_of(weight, index * size, size), bias != nullptr ? rows_of(*bias, index * size, size) : zeros({size})};
}

}  // namespace

std::vector<HeadWeights> head_weights(const Module& model, const std::string& path, const HeadLayout& layout) {
  const LayerParameters layer(model, path);
  const std::size_t kv_heads = layout.kv_heads != 0 ? layout.kv_heads : layout.heads;
  if (layout.heads == 0 || layout.heads % kv_heads != 0) {
    raise<ShapeError>("head weights", "the heads do not divide among the heads of keys and values",
                      fmt::format("heads {}, kv_heads {}", layout.heads, kv_heads));
  }
  const std::size_t group = layout.heads / kv_heads;
  const Array& output = layer.weight("output.weight");
  std::vector<HeadWeights> heads;
  for (std::size_t head = 0; head < layout.heads; ++head) {
    Projection query = cut(layer, "query", head, layout.heads);
    Projection key = cut(layer, "key", head / group, kv_heads);
    Projection value = cut(layer, "value", head / group, kv_heads);
    const std::size_t value_size = value.weight.shape()[0];
    if (query.weight.shape()[0] != key.weight.shape()[0] ||
        output.shape()[1] != (layout.sum_heads ? value_size : layout.heads * value_size)) {
      raise<ShapeError>("head weights", "query, key, value and output do not fit each other",
                        fmt::format("query {}, key {} and value {} of one head, output {}",
                                    to_string(query.weight.shape()), to_string(key.weight.shape()),
                                    to_string(value.weight.shape()), to_string(output.shape())),
                        "pass the layout that the layer was built with");
    }
    heads.push_back({.query = std::move(query.weight),
                     .key = std::move(key.weight),
                     .value = std::move(value.weight),
                     .output = layout.sum_heads ? output : cols_of(output, head * value_size, value_size),
                     .query_bias = std::move(query.bias),
                     .key_bias = std::move(key.bias),
                     .value_bias = std::move(value.bias)});
  }
  return heads;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
