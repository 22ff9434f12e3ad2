// A build without libonnx-dev.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/export/onnx_model.h"
#include "core/error.h"

using namespace headlight;

TEST_CASE("a build without libonnx-dev names the package that is missing") {
  CHECK_FALSE(onnx_available());
  CHECK_THROWS_WITH(require_onnx(), Catch::Contains("libonnx-dev"));
  const ModelOptions options{.vocabulary = 3, .d_model = 4};
  Init init(1);
  CHECK_THROWS_AS(onnx_model(Model(options, init), expand(options), {}), ConfigError);
}
