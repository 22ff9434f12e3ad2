// data/configs/lines.json beside its twin in PyTorch 1.13 (tests/reference/make_lines.py).
#include "tests/apps/training/twin_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

constexpr TwinNames kLines{.kind = reproduce::TextKind::lines, .size = "items", .examples = "items"};

}  // namespace

TEST_CASE("the shipped model of lines begins with the weights and rates of its twin in PyTorch") {
  check_beginning(Twin(kLines), 204'544);
}

TEST_CASE("the shipped model of lines trains as its twin in PyTorch") {
  Twin twin(kLines);
  check_first_updates(twin);
}

// Runs when it is asked for alone, as that of test_text_twin.cpp does. In float, too, rounding stays within the
// tolerance: PyTorch's two runs are 7e-7 apart (tests/reference/README.md).
TEST_CASE("the shipped model of lines has the held-out loss of its twin in PyTorch after 500 updates", "[.][long]") {
  Twin twin(kLines);
  check_all_updates(twin, 1000);
}
