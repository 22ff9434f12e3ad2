#include "apps/check/twin.h"

#include "apps/check/check.h"
#include "apps/check/model_subject.h"
#include "core/error.h"
#include "layers/registry.h"

namespace headlight {
namespace {

CheckExtent extent_of(bool gradients_only) { return gradients_only ? CheckExtent::gradients : CheckExtent::all; }

std::string refusal_of(const nlohmann::json& layer) {
  Init init(1);
  try {
    make_layer(layer, init);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

constexpr CheckTwin kTwin{.refusal = refusal_of,
                          .layer =
                              [](const nlohmann::json& layer, const CheckOptions& options, bool gradients_only) {
                                return check_subject(registered_subject(layer, options), extent_of(gradients_only));
                              },
                          .model =
                              [](const config::Config& config, bool gradients_only) {
                                return check_subject(model_subject(config), extent_of(gradients_only));
                              }};

}  // namespace

#ifdef HEADLIGHT_DOUBLE
const CheckTwin& double_twin() { return kTwin; }
#else
const CheckTwin& float_twin() { return kTwin; }
#endif

}  // namespace headlight
