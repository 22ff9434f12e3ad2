#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/check/subject.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/registry.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Json = nlohmann::json;

/// Every size in a layer's JSON, those first that usually name the input.
std::vector<std::size_t> sizes_in(const Json& json) {
  std::vector<std::size_t> sizes;
  for (const char* key : {"d_model", "dim", "in", "width"}) {
    if (json.is_object() && json.contains(key) && json[key].is_number_unsigned()) sizes.push_back(json[key]);
  }
  for (const auto& item : json.items()) {
    if (item.value().is_number_unsigned()) sizes.push_back(item.value());
    if (!item.value().is_structured()) continue;
    const std::vector<std::size_t> inner = sizes_in(item.value());
    sizes.insert(sizes.end(), inner.begin(), inner.end());
  }
  std::erase(sizes, 0U);
  return sizes;
}

/// The smallest `max_len` anywhere in it, if smaller than `limit`.
std::size_t longest_sequence(const Json& json, std::size_t limit) {
  for (const auto& item : json.items()) {
    if (item.key() == "max_len" && item.value().is_number_unsigned())
      limit = std::min(limit, item.value().get<std::size_t>());
    if (item.value().is_structured()) limit = longest_sequence(item.value(), limit);
  }
  return limit;
}

/// "" when the layer can be called with inputs of this width, else what it says.
std::string refusal(Layer& layer, std::size_t width, std::size_t memory_width, std::size_t length) {
  const NoGrad no_grad;
  const Tensor memory = memory_width == 0 ? Tensor() : Tensor(full({2, length, memory_width}, Real{1}));
  try {
    layer(Tensor(full({2, length, width}, Real{1})), {.memory = memory_width == 0 ? nullptr : &memory});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Finds CheckOptions::width and memory_width.
void find_sizes(const Json& json, Layer& layer, CheckOptions& options) {
  std::vector<std::size_t> widths = sizes_in(json);
  widths.push_back(CheckOptions{}.width);
  const std::vector<std::size_t> wanted = options.width != 0 ? std::vector<std::size_t>{options.width} : widths;
  std::vector<std::size_t> memories{options.memory_width};
  if (options.memory_width == 0) memories.insert(memories.end(), widths.begin(), widths.end());
  const std::size_t length = std::min<std::size_t>(3, options.max_length);
  std::string first;
  for (const std::size_t memory : memories) {
    for (const std::size_t width : wanted) {
      const std::string why = refusal(layer, width, memory, length);
      if (why.empty()) {
        options.width = width;
        options.memory_width = memory;
        return;
      }
      if (first.empty()) first = why;
    }
  }
  raise<ConfigError>("check",
                     fmt::format("`{}` takes no input (B, T, C) with C among {}", options.name,
                                 fmt::join(wanted, ", ")),
                     first, "give the width of its input with --width, or CheckOptions::width");
}

}  // namespace

CheckSubject layer_subject(const LayerMaker& make, const CheckOptions& options) {
  if (options.width == 0 || options.max_length == 0) {
    raise<ConfigError>("check", "width and max_length must be at least 1",
                       fmt::format("width {}, max_length {}", options.width, options.max_length));
  }
  return {.name = options.name,
          .make = [make](std::uint64_t seed) -> std::unique_ptr<Module> {
            Init init(seed);
            return make(init);
          },
          .run = [](Module& module, const CheckInputs& inputs,
                    const Context& context) { return dynamic_cast<Layer&>(module)(inputs.x, context); },
          .width = options.width,
          .memory_width = options.memory_width,
          .max_length = options.max_length,
          .seed = options.seed,
          .promises = options.promises};
}

bool remove_randomness(Json& json) {
  bool found = json.is_object() && json.erase("randomised") != 0;
  for (const auto& item : json.items()) {
    const bool probability = item.key() == "dropout" || (item.key() == "p" && json.value("type", Json()) == "dropout");
    if (probability && item.value().is_number() && item.value() != 0) {
      item.value() = 0;
      found = true;
    }
    if (item.value().is_structured() && remove_randomness(item.value())) found = true;
  }
  return found;
}

CheckSubject registered_subject(const Json& layer, CheckOptions options) {
  Init init(options.seed);
  const std::unique_ptr<Layer> built = make_layer(layer, init);
  options.max_length = longest_sequence(layer, options.max_length);
  find_sizes(layer, *built, options);
  CheckSubject subject = layer_subject([layer](Init& own) { return make_layer(layer, own); }, options);
  Json calm = layer;
  if (remove_randomness(calm)) {
    subject.make_without_dropout = [calm](std::uint64_t seed) -> std::unique_ptr<Module> {
      Init own(seed);
      return make_layer(calm, own);
    };
  }
  return subject;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
