#include "layers/activation.h"

#include <array>
#include <string>
#include <utility>

#include "autograd/ops/unary.h"
#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::array<std::pair<std::string_view, Activation>, 8> kNames{{{"none", Activation::none},
                                                                         {"relu", Activation::relu},
                                                                         {"gelu", Activation::gelu},
                                                                         {"gelu_tanh", Activation::gelu_tanh},
                                                                         {"silu", Activation::silu},
                                                                         {"tanh", Activation::tanh},
                                                                         {"sigmoid", Activation::sigmoid},
                                                                         {"softplus", Activation::softplus}}};

}  // namespace

Tensor ActivationLayer::forward(const Tensor& x, const Context&) {
  switch (kind_) {
    case Activation::none:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::silu:
      return silu(x);
    case Activation::tanh:
      return tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::softplus:
      return softplus(x);
  }
  raise<ConfigError>("activation", "unknown kind");
}

std::optional<Activation> find_activation(std::string_view name) {
  for (const auto& [known, kind] : kNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::string_view name_of(Activation kind) {
  for (const auto& [known, named] : kNames) {
    if (named == kind) return known;
  }
  raise<ConfigError>("activation", "unknown kind");
}

std::string activation_names() {
  std::string all;
  for (const auto& [known, kind] : kNames) all += (all.empty() ? "" : ", ") + std::string(known);
  return all;
}

Activation activation_of(std::string_view name) {
  if (const std::optional<Activation> kind = find_activation(name)) return *kind;
  raise<ConfigError>("activation", "there is no activation `" + std::string(name) + "`", {},
                     "use one of " + activation_names());
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
