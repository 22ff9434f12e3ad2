// data/configs/text.json beside its twin in PyTorch 1.13 (tests/reference/make_text.py).
#include "tests/apps/training/twin_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

constexpr TwinNames kText{.kind = reproduce::TextKind::text, .size = "characters", .examples = "windows"};

}  // namespace

TEST_CASE("the shipped language model begins with the weights and rates of its twin in PyTorch") {
  check_beginning(Twin(kText), 804'096);
}

TEST_CASE("the shipped language model trains as its twin in PyTorch") {
  Twin twin(kText);
  check_first_updates(twin);
}

// Takes minutes, so it runs when it is asked for alone, by `./run faults twin`. In float there is nothing to compare:
// rounding grows until PyTorch's two runs are 2e-3 apart (tests/reference/README.md).
TEST_CASE("the shipped language model has the held-out loss of its twin in PyTorch after 500 updates", "[.][long]") {
  if (!kDoubleTwin) return;
  Twin twin(kText);
  check_all_updates(twin, 1563);
}
