// Which checkpoints and files stay, and what the files of a checkpoint must say of themselves.
#include <unistd.h>

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/training/checkpoint.h"
#include "apps/training/checkpoint_files.h"
#include "apps/training/weights.h"
#include "core/io/array_io.h"
#include "tests/apps/training/training_testing.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

namespace fs = std::filesystem;
using headlight::testing::message_of;
using headlight::testing::slurp;
using headlight::testing::spill;
using headlight::testing::TemporaryDirectory;
using headlight::testing::tiny_config;
using testing::Parts;

using Steps = std::vector<std::uint64_t>;

void save(const fs::path& run, std::uint64_t step, Parts& parts) {
  save_checkpoint(run, {.step = step}, parts.config, *parts.model, *parts.optimizer);
}

/// Writes the tensors of a file of a checkpoint again under other metadata, and true digests.
void rewrite(const fs::path& file, const Metadata& metadata) {
  const std::vector<NamedArray> arrays = read_arrays(file);
  std::vector<TensorView> views;
  views.reserve(arrays.size());
  for (const NamedArray& array : arrays) views.push_back(tensor_view(array.name, array.value));
  write_safetensors(file, std::move(views), {.metadata = metadata});
  finish_checkpoint(file.parent_path());
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

TEST_CASE("Going back names the step gone back to and the best one up to it, then removes what lies behind") {
  const TemporaryDirectory run;
  Parts parts(tiny_config({"trainer.checkpoint.keep=9"}));
  for (const std::uint64_t step : {10U, 20U, 30U, 40U}) save(run.path(), step, parts);
  const fs::path best = run / "checkpoints/best.txt";
  const fs::path last = run / "checkpoints/last.txt";
  const auto named = [&](const std::string& before, std::uint64_t step, std::optional<std::uint64_t> best_step) {
    spill(best, before);
    name_checkpoints(run.path(), step, best_step);
    CHECK(slurp(last) == checkpoint_directory({}, step).filename().string() + "\n");
    return fs::exists(best) ? slurp(best) : std::string();
  };
  CHECK(named("step-00000040\n", 30, 20) == "step-00000020\n");
  CHECK(named("step-00000040\n", 30, 30) == "step-00000030\n");
  CHECK(named("step-00000040\n", 30, 15).empty());            // it is not kept
  CHECK(named("step-00000040\n", 30, std::nullopt).empty());  // it was chosen by another figure
  CHECK(named("step-00000020\n", 30, std::nullopt) == "step-00000020\n");
  // Nothing is changed while it is not known what is the best.
  CHECK_THROWS_AS(named("the tenth\n", 20, 10), FileError);
  CHECK(slurp(last) == "step-00000030\n");
  CHECK(complete_checkpoints(run.path()) == Steps{10, 20, 30, 40});

  fs::remove(checkpoint_directory(run.path(), 40) / "DONE");
  remove_later_checkpoints(run.path(), 20);
  CHECK(complete_checkpoints(run.path()) == Steps{10, 20});
  CHECK_FALSE(fs::exists(checkpoint_directory(run.path(), 40)));
  fs::remove_all(checkpoint_directory(run.path(), 10));
  fs::remove_all(checkpoint_directory(run.path(), 20));
  spill(best, "step-00000020\n");
  name_checkpoints(run.path(), 0, std::nullopt);  // the run begins anew
  CHECK_FALSE(fs::exists(best));
  CHECK_FALSE(fs::exists(last));
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

TEST_CASE("A file of a checkpoint names its format and its step, and is refused with others") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  save(run.path(), 3, parts);
  const fs::path directory = checkpoint_directory(run.path(), 3);
  const auto fault = [&](const fs::path& file, const Metadata& metadata) {
    rewrite(file, metadata);
    return message_of<FileError>([&] { load_checkpoint(directory, *parts.model, parts.optimizer.get()); });
  };
  for (const char* name : {"model.safetensors", "optimizer.safetensors"}) {
    const fs::path file = directory / name;
    const std::string remedy = "; it is not a file of this checkpoint; choose another --checkpoint";
    CHECK(fault(file, {{"headlight.format", "2"}, {"headlight.step", "3"}}) ==
          file.string() +
              ": its format is not the one of this program; headlight.format `2`, this program reads 1; use the "
              "Headlight that wrote it, or a newer one");
    CHECK(fault(file, {{"headlight.format", "1"}, {"headlight.step", "4"}}) ==
          file.string() +
              ": it is of another step than its checkpoint; headlight.step `4` in the checkpoint of step 3" + remedy);
    CHECK(fault(file, {{"headlight.step", "3"}}) == file.string() + ": its metadata has no headlight.format" + remedy);
    CHECK(fault(file, {{"headlight.format", "1"}}) == file.string() + ": its metadata has no headlight.step" + remedy);
    rewrite(file, {{"headlight.format", "1"}, {"headlight.step", "3"}});
    CHECK(load_checkpoint(directory, *parts.model, parts.optimizer.get()).step == 3);
  }
}

TEST_CASE("An optimiser's state that is not finite is never saved") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  // The square of a gradient of 10^20 is beyond float, though the gradient is not; of 10^160 beyond double.
  const Tensor bias = parts.model->parameters().back().tensor;
  const Real large = sizeof(Real) == 4 ? static_cast<Real>(1e20) : static_cast<Real>(1e160);
  parts.optimizer->parameters().zero_grad();
  bias.backward(full(bias.shape(), large));
  parts.optimizer->step();
  CHECK_THAT(message_of<NumericError>([&] { save(run.path(), 3, parts); }),
             Catch::StartsWith(
                 "checkpoint: `v.head.bias` of the optimiser's state holds NaN or infinity; after step 3"));
  CHECK(run.entries() == 0);
}

TEST_CASE("An optimiser's counts and figures must be there, by name") {
  const TemporaryDirectory run;
  Parts parts(tiny_config());
  save(run.path(), 3, parts);
  const fs::path directory = checkpoint_directory(run.path(), 3);
  const nlohmann::json whole = nlohmann::json::parse(slurp(directory / "state.json"));
  for (const std::string key : {"optimizer_updates", "optimizer_figures"}) {
    nlohmann::json unnamed = whole;
    unnamed.at(key) = {0, 0};
    nlohmann::json without = whole;
    without.erase(key);
    for (const nlohmann::json& state : {unnamed, without}) {
      spill(directory / "state.json", state.dump());
      finish_checkpoint(directory);
      CHECK_THAT(message_of<FileError>([&] { load_checkpoint(directory, *parts.model, parts.optimizer.get()); }),
                 Catch::Contains("state.json: `" + key + "` must be an object"));
    }
  }
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
