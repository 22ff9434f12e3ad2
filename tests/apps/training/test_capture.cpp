#include <cmath>

#include <catch2/catch.hpp>

#include "apps/inspect/capture.h"
#include "autograd/scopes.h"
#include "core/error.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {

TEST_CASE("A capture holds every layer's weights, joins batches, and changes nothing") {
  testing::Parts parts(headlight::testing::tiny_config({"layers=2"}));
  const NoGrad no_grad;
  Batch batch;
  fill_batch(*parts.task, Split::eval, 0, 5, batch);
  AttentionCapture capture;
  const Tensor recorded = (*parts.model)(batch.inputs, {.recorder = &capture});
  CHECK(same_bytes(recorded.value(), (*parts.model)(batch.inputs, {}).value()));
  REQUIRE(capture.layers().size() == 2);
  const AttentionWeights& second = capture.layers()[1];
  CHECK(second.path == "layers.1.attention");
  CHECK(second.batch == 5);
  CHECK(second.heads == 2);
  CHECK(second.queries == 4);
  CHECK(second.keys == 4);
  CHECK(second.hidden_rows == 0);
  for (std::size_t query = 0; query < 4; ++query) {
    double sum = 0;
    for (std::size_t key = 0; key < 4; ++key) sum += static_cast<double>(second.row(4, 1, query)[key]);
    CHECK(std::abs(sum - 1) < 1e-6);
  }
  const std::vector<float> first_batch = second.weights;
  (*parts.model)(batch.inputs, {.recorder = &capture});
  CHECK(capture.layers()[1].batch == 10);
  CHECK(std::vector<float>(capture.layers()[1].row(5, 0, 0), capture.layers()[1].row(5, 0, 0) + first_batch.size()) ==
        first_batch);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
