#include "layers/models/stack_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "autograd/scopes.h"
#include "core/error.h"
#include "core/shape.h"
#include "layers/sequential.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::size_t kWidestTried = 65536;

/// Every whole number in a layer's JSON: the width that it takes is nearly always one of them.
void collect_widths(const nlohmann::json& json, std::vector<std::size_t>& widths) {
  if (json.is_number_integer()) {
    const auto width = json.get<std::size_t>();
    const bool new_width = std::find(widths.begin(), widths.end(), width) == widths.end();
    if (width >= 1 && width <= kWidestTried && new_width) widths.push_back(width);
  }
  if (!json.is_structured()) return;
  // Names of keys that say a width come first, so that a kernel or a length is not taken for one.
  for (const char* key : {"d_model", "width", "in", "dim"}) {
    if (json.is_object() && json.contains(key)) collect_widths(json[key], widths);
  }
  for (const auto& item : json) collect_widths(item, widths);
}

class FitCheck {
 public:
  FitCheck(std::size_t positions, const Context& context, LayerFaults& faults)
      : positions_(positions), context_(context), faults_(faults) {}

  /// The width behind the chain; nothing after a fault that leaves it unknown.
  std::optional<std::size_t> chain(const LayerChain& chain, std::size_t width, std::string before) {
    for (std::size_t i = 0; i < chain.layers.size(); ++i) {
      const nlohmann::json& json = chain.list[i];
      const std::string path = join_path(chain.path, std::to_string(i));
      const std::optional<std::size_t> behind = layer(*chain.layers[i], json, path, width, before);
      if (!behind) return std::nullopt;
      width = *behind;
      before = named(json, path);
    }
    return width;
  }

 private:
  static std::string named(const nlohmann::json& json, const std::string& path) {
    return fmt::format("`{}` ({})", path, json.at("type").get<std::string>());
  }

  /// The width of the layer's result for zeros of this width; throws what the layer throws.
  std::size_t run(Layer& layer, std::size_t width) const {
    const Tensor y = layer(Tensor(zeros({1, positions_, width})), context_);
    if (y.rank() != 3 || y.extent(0) != 1 || y.extent(1) != positions_) {
      raise<ShapeError>("model", "a block must keep batch and positions",
                        fmt::format("(1, {}, {}) became {}", positions_, width, to_string(y.shape())));
    }
    return y.extent(2);
  }

  std::optional<std::size_t> try_width(Layer& layer, std::size_t width) const {
    try {
      return run(layer, width);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  std::optional<std::size_t> layer(Layer& layer, const nlohmann::json& json, const std::string& path, std::size_t width,
                                   const std::string& before) {
    std::string message;
    try {
      return run(layer, width);
    } catch (const Error& error) {
      message = error.what();
    }
    if (const auto* sequence = dynamic_cast<const Sequential*>(&layer)) {
      return chain({json.at("layers"), join_path(path, "layers"), sequence->layers()}, width, before);
    }
    std::vector<std::size_t> candidates;
    collect_widths(json, candidates);
    for (const std::size_t candidate : candidates) {
      const std::optional<std::size_t> behind = try_width(layer, candidate);
      if (!behind) continue;
      faults_.add(
          {.path = path,
           .what = fmt::format("{} takes width {}, but {} gives {}", named(json, path), candidate, before, width),
           .help = fmt::format("make both {}, or both {}", width, candidate)});
      return behind;
    }
    if (inside(layer, json, path, width)) return std::nullopt;
    // No width fits, so it may be something else: the layer's own message says what.
    faults_.add({.path = path,
                 .what = fmt::format("{} cannot run on (1, {}, {}), the shape of what {} gives, nor on another width",
                                     named(json, path), positions_, width, before),
                 .help = message});
    return std::nullopt;
  }

  /// Faults of the steps of a block or of the body of a residual: each must keep the width of the stream around it.
  bool inside(Layer& layer, const nlohmann::json& json, const std::string& path, std::size_t width) {
    if (json.contains("width") && json["width"].is_number_integer()) width = json["width"].get<std::size_t>();
    bool found = false;
    const auto step = [&](Module& module, const nlohmann::json& inner, const std::string& place) {
      auto* const body = dynamic_cast<Layer*>(&module);
      if (body != nullptr && !keeps_width(*body, inner, place, width, named(json, path))) found = true;
    };
    const auto child = [&](const std::string& name) -> Module* {
      for (const auto& entry : layer.children()) {
        if (entry.name == name) return entry.module.get();
      }
      return nullptr;
    };
    if (json.contains("body") && child("body") != nullptr) {
      step(*child("body"), json["body"], join_path(path, "body"));
    }
    if (!json.contains("steps")) return found;
    for (std::size_t i = 0; i < json["steps"].size(); ++i) {
      const nlohmann::json& inner = json["steps"][i];
      Module* const module = child(inner.value("name", std::to_string(i)));
      if (module != nullptr) step(*module, inner, join_path(join_path(path, "steps"), std::to_string(i)));
    }
    return found;
  }

  bool keeps_width(Layer& body, const nlohmann::json& json, const std::string& path, std::size_t width,
                   const std::string& around) {
    const std::optional<std::size_t> behind = try_width(body, width);
    if (behind == width) return true;
    if (behind) {
      faults_.add({.path = path,
                   .what = fmt::format("{} makes width {} of {}, but {} adds its result to a stream of {}",
                                       named(json, path), *behind, width, around, width),
                   .help = fmt::format("give it the width {} at its end too", width)});
    } else {
      layer(body, json, path, width, fmt::format("the stream of {}", around));
    }
    return false;
  }

  std::size_t positions_;
  const Context& context_;
  LayerFaults& faults_;
};

}  // namespace

void check_widths(const LayerChain& chain, std::size_t width, std::size_t positions, const std::string& before,
                  const std::string& after, const Context& context, LayerFaults& faults) {
  const NoGrad no_grad;
  const std::size_t known_faults = faults.size();
  const std::optional<std::size_t> behind = FitCheck(positions, context, faults).chain(chain, width, before);
  // Behind a fault the widths are guesses.
  if (!behind || *behind == width || faults.size() > known_faults) return;
  const std::string last = join_path(chain.path, std::to_string(chain.layers.size() - 1));
  faults.add({.path = last,
              .what = fmt::format("`{}` ({}) gives width {}, but {} takes {}", last,
                                  chain.list.back().at("type").get<std::string>(), *behind, after, width),
              .help = fmt::format("end with a layer that gives {}", width)});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
