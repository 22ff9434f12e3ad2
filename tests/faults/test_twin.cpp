// The cases that test_apps_training_f64 leaves out unless they are asked for, because they take minutes.
#include <cstdlib>

#include <catch2/catch.hpp>

#include "tests/faults/note.h"

TEST_CASE("twin: shipped models train as their twins in PyTorch for 500 updates") {
  // tests/apps/training/test_text_twin.cpp says where its numbers come from. Catch2 ends well when no case has the tag,
  // unless it is told that this is a fault.
  REQUIRE(std::system(HEADLIGHT_TWIN_TEST " \"[long]\" --warn NoTests") == 0);
  headlight::testing::note("twin: the losses of 500 updates, and the held-out ones, are those of the twins");
}
