#pragma once

// Trainings of shipped configs beside their twins in PyTorch 1.13 (tests/reference/make_text.py, make_lines.py): the same
// data, batches, first weights, rates and updates. All that a twin has came about without us.
#include <cstdint>
#include <memory>

#include <catch2/catch.hpp>

#include "apps/reproduce/generated_text.h"
#include "tests/apps/training/training_testing.h"
#include "tests/parity/fixture.h"

namespace headlight::testing::inline HEADLIGHT_PRECISION {

constexpr bool kDoubleTwin = sizeof(Real) == 8;

/// Which twin: that of data/configs/<kind>.json.
struct TwinNames {
  reproduce::TextKind kind;
  const char* size;      ///< what the fixture calls the recipe's size
  const char* examples;  ///< what it calls the examples: those of the batches, and how many are held out
};

/// The shipped config with the twin's text, as the program would build it.
struct Twin {
  explicit Twin(const TwinNames& with);

  TwinNames names;
  TemporaryDirectory directory{};
  parity::Fixture run;
  config::LoadedConfig loaded{};
  std::unique_ptr<Task> task{};
  std::unique_ptr<Model> model{};
  std::unique_ptr<Optimizer> optimizer{};
};

/// The weights, with so many parameters, and the rates of all updates are the twin's.
void check_beginning(const Twin& twin, std::size_t parameters);

/// The first updates are the twin's, and the loss over the first held-out examples behind them.
void check_first_updates(Twin& twin);

/// All updates are, and the loss over all held-out examples, so many, after 0, 250 and 500 of them.
void check_all_updates(Twin& twin, std::uint64_t examples);

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
