#include "layers/hooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/shape.h"
#include "layers/input_stage.h"
#include "layers/multi_head_attention.h"
#include "layers/residual_connection.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// True when the pattern, in which * stands for any characters, fits the whole text.
bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (text.size() < star || text.substr(0, star) != pattern.substr(0, star)) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t begin = star; begin <= text.size(); ++begin) {
    if (fits(rest, text.substr(begin))) return true;
  }
  return false;
}

template <class... Kinds>
bool is_one_of(const Module& module) {
  return ((dynamic_cast<const Kinds*>(&module) != nullptr) || ...);
}

template <class... Kinds>
void collect(const Module& module, std::vector<std::string>& paths) {
  if (is_one_of<Kinds...>(module)) paths.push_back(module.path());
  for (const Module::NamedModule& child : module.children()) collect<Kinds...>(*child.module, paths);
}

}  // namespace

const char* name_of(HookPoint point) {
  static constexpr std::array<const char*, 10> kNames{"input",  "output",  "query",        "key", "value",
                                                      "logits", "weights", "used_weights", "z",   "contributions"};
  return kNames[static_cast<std::size_t>(point)];
}

Hooks::Hooks(const Module& model) {
  collect<Layer>(model, layers_);
  collect<Layer, InputStage, ResidualConnection>(model, with_output_);
  collect<MultiHeadAttention>(model, attentions_);
}

const std::vector<std::string>& Hooks::paths(HookPoint point) const {
  if (point == HookPoint::input) return layers_;
  return point == HookPoint::output ? with_output_ : attentions_;
}

void Hooks::read(const std::string& pattern, HookPoint point, Read read) {
  add({pattern, point, std::move(read), nullptr});
}

void Hooks::overwrite(const std::string& pattern, HookPoint point, Overwrite overwrite) {
  add({pattern, point, nullptr, std::move(overwrite)});
}

void Hooks::add(Hook hook) {
  if (hook.read == nullptr && hook.overwrite == nullptr) {
    raise<ConfigError>("hooks", fmt::format("the function for {} of `{}` is empty", name_of(hook.point), hook.pattern));
  }
  const std::vector<std::string>& known = paths(hook.point);
  if (std::none_of(known.begin(), known.end(), [&](const std::string& path) { return fits(hook.pattern, path); })) {
    raise<ConfigError>("hooks",
                       fmt::format("no layer with the point {} is called `{}`", name_of(hook.point), hook.pattern), {},
                       known.empty() ? "the model has none" : fmt::format("there are `{}`", fmt::join(known, "`, `")));
  }
  hooks_.push_back(std::move(hook));
}

bool Hooks::watches(const std::string& path, HookPoint point) const {
  return std::any_of(hooks_.begin(), hooks_.end(),
                     [&](const Hook& hook) { return hook.point == point && fits(hook.pattern, path); });
}

bool Hooks::overwrites(const std::string& path, HookPoint point) const {
  return std::any_of(hooks_.begin(), hooks_.end(), [&](const Hook& hook) {
    return hook.point == point && hook.overwrite != nullptr && fits(hook.pattern, path);
  });
}

Tensor Hooks::visit(const std::string& path, HookPoint point, const Tensor& value) const {
  Tensor current = value;
  for (const Hook& hook : hooks_) {
    if (hook.overwrite == nullptr || hook.point != point || !fits(hook.pattern, path)) continue;
    const Tensor replaced = hook.overwrite(path, current);
    if (!replaced.defined() || replaced.shape() != value.shape()) {
      raise<ShapeError>("hooks", fmt::format("the overwrite of {} in `{}` changes its shape", name_of(point), path),
                        fmt::format("{} instead of {}", replaced.defined() ? to_string(replaced.shape()) : "nothing",
                                    to_string(value.shape())),
                        "return a tensor of the shape that came in");
    }
    current = replaced;
  }
  for (const Hook& hook : hooks_) {
    if (hook.read != nullptr && hook.point == point && fits(hook.pattern, path)) hook.read(path, current);
  }
  return current;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
