// Keys that are filled in, and the command that a message proposes.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/check/layer_defaults.h"
#include "core/error.h"

using namespace headlight;
using Json = nlohmann::json;

namespace {

/// Stands for a registry that knows `needs`, which must have all of these keys and may have no other.
LayerTrial needing(std::vector<std::string> keys) {
  return [keys](const Json& layer) -> std::string {
    for (const std::string& key : keys) {
      if (!layer.contains(key)) return "missing key `" + key + "` in a layer of type needs";
    }
    return layer.size() > keys.size() + 1 ? "needs: unknown key" : "";
  };
}

std::string message_of(const Json& layer, const LayerTrial& trial) {
  try {
    completed_layer(layer, trial);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a layer that can be built as it is keeps its keys") {
  const Json layer{{"type", "dense"}, {"in", 3}, {"out", 4}};
  CHECK(completed_layer(layer, needing({"in", "out"})) == layer);
}

TEST_CASE("missing keys of our own layers are filled in, given ones stay") {
  CHECK(completed_layer({{"type", "dense"}}, needing({"in", "out"})) == Json{{"type", "dense"}, {"in", 8}, {"out", 6}});
  CHECK(completed_layer({{"type", "dense"}, {"in", 3}}, needing({"in", "out"})) ==
        Json{{"type", "dense"}, {"in", 3}, {"out", 6}});
}

TEST_CASE("a default key that the given ones make meaningless is left out") {
  const LayerTrial trial = [](const Json& layer) -> std::string {
    if (!layer.contains("body")) return "missing key `body` in a layer of type residual";
    return layer.value("norm", "") == "none" && layer.contains("width") ? "residual: `width` has no meaning" : "";
  };
  const Json layer = completed_layer({{"type", "residual"}, {"norm", "none"}}, trial);
  CHECK(layer.contains("body"));
  CHECK_FALSE(layer.contains("width"));
}

TEST_CASE("a user's layer without its keys is told of a command that has them") {
  CHECK_THAT(message_of({{"type", "needs"}}, needing({"dim", "heads"})),
             Catch::StartsWith("missing key `dim` in a layer of type needs") &&
                 Catch::EndsWith("for example: headlight check --layer needs dim=8 heads=8"));
  CHECK_THAT(message_of({{"type", "needs"}, {"dim", 4}}, needing({"dim", "heads"})),
             Catch::EndsWith("for example: headlight check --layer needs dim=4 heads=8"));
}

TEST_CASE("where no command can be found the form of one is told") {
  const LayerTrial trial = [](const Json&) -> std::string { return "needs: something is missing"; };
  CHECK_THAT(message_of({{"type", "needs"}}, trial),
             Catch::EndsWith("give its keys as key=value: headlight check --layer needs dim=8"));
}

TEST_CASE("other mistakes are told as they are") {
  const LayerTrial trial = [](const Json&) -> std::string { return "needs: `dim` is odd"; };
  CHECK(message_of({{"type", "needs"}, {"dim", 3}}, trial) == "needs: `dim` is odd");
}
