#pragma once

// Configs, runs and files for the tests of feature rows. Stands before rows.h: behind it `headlight::testing` names two
// namespaces, this one and that of arrays.
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace rows {

using headlight::testing::message_of;
using headlight::testing::slurp;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;
using headlight::testing::tiny_config;

}  // namespace rows
}  // namespace headlight::inline HEADLIGHT_PRECISION
