// Which checkpoints and files stay.
#include <unistd.h>

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

namespace fs = std::filesystem;
using headlight::testing::message_of;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;
using headlight::testing::tiny_config;
using testing_run::Parts;

using Steps = std::vector<std::uint64_t>;

void save(const fs::path& run, std::uint64_t step, Parts& parts) {
  save_checkpoint(run, {.step = step}, parts.config, *parts.model, *parts.optimizer);
}

}  // namespace

TEST_CASE("A checkpoint of an older step than those that are kept stays, and so does the one of best.txt") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  for (const std::uint64_t step : {10U, 12U, 3U}) save(run.path(), step, parts);
  CHECK(complete_checkpoints(run.path()) == Steps{3, 10, 12});  // the newest two, and the last
  CHECK(find_checkpoint(run.path(), "last") == checkpoint_directory(run.path(), 3));
  CHECK_NOTHROW(verify_checkpoint(find_checkpoint(run.path(), "last")));
  save(run.path(), 4, parts);
  CHECK(complete_checkpoints(run.path()) == Steps{4, 10, 12});

  spill(run / "checkpoints/best.txt", "step-00000010\n");
  for (const std::uint64_t step : {14U, 16U}) save(run.path(), step, parts);
  CHECK(complete_checkpoints(run.path()) == Steps{10, 14, 16});
  // Nothing is removed while it is not known what is the best.
  spill(run / "checkpoints/best.txt", "the tenth\n");
  CHECK_THAT(message_of<FileError>([&] { save(run.path(), 18, parts); }),
             Catch::Contains("best.txt: it does not name a checkpoint; `the tenth`"));
  CHECK(complete_checkpoints(run.path()) == Steps{10, 14, 16, 18});
}

TEST_CASE("A save removes what killed saves left half-written, and nothing else") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  save(run.path(), 3, parts);
  const fs::path checkpoints = run / "checkpoints";
  // Our own process number: of a process before us, since none of its writes is under way.
  const std::string ending = ".tmp." + std::to_string(::getpid());
  for (const fs::path& folder : {checkpoints, checkpoints / "step-00000003"}) {
    spill(folder / (".left" + ending), "half");
    spill(folder / ("notes" + ending), "mine");
    spill(folder / ".left.tmp.1", "its process lives");
  }
  save(run.path(), 3, parts);
  for (const fs::path& folder : {checkpoints, checkpoints / "step-00000003"}) {
    CHECK_FALSE(fs::exists(folder / (".left" + ending)));
    CHECK(fs::exists(folder / ("notes" + ending)));
    CHECK(fs::exists(folder / ".left.tmp.1"));
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
