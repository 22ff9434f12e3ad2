// A file larger than the memory that a run may take.
#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "tests/apps/headlight/cli_testing.h"
#include "tests/faults/note.h"

using namespace headlight::testing;

namespace {

constexpr std::uint64_t kFileBytes = std::uint64_t{2} << 30U;
constexpr std::uint64_t kMostMemory = 200 << 20U;

/// Words of lower-case letters in lines, a block of which is repeated with its number in front.
void write_text(const std::filesystem::path& path) {
  headlight::Random random({.seed = 1, .stream = headlight::stream_id("faults.text")});
  std::string block;
  while (block.size() < (1U << 20U)) {
    for (std::uint64_t word = 3 + random.uniform_below(8); word > 0; --word) {
      for (std::uint64_t letter = 1 + random.uniform_below(8); letter > 0; --letter) {
        block += static_cast<char>('a' + random.uniform_below(26));
      }
      block += word > 1 ? ' ' : '\n';
    }
  }
  std::ofstream file(path, std::ios::binary);
  for (std::uint64_t written = 0, number = 0; written < kFileBytes; ++number) {
    const std::string head = fmt::format("{} ", number);
    file << head << block;
    written += head.size() + block.size();
  }
  file.close();
  REQUIRE(file.good());
}

}  // namespace

TEST_CASE("memory: 2 GB of text train within 200 MB, as a text and as lines") {
  const TemporaryDirectory place;
  const std::string file = (place / "two-gigabytes").string();
  write_text(file);
  const std::string configs = HEADLIGHT_SOURCE_DIR "/data/configs/";
  for (const char* name : {"text", "lines"}) {
    std::vector<std::string> words = {"train", configs + name + ".json", "task.path=" + file, "--run-dir",
                                      (place / name).string(), "trainer.steps=20", "trainer.eval_examples=100",
                                      // A small model, so that it is the file that is measured.
                                      "model.d_model=32", "model.d_ff=64", "model.layers=1"};
    if (std::string(name) == "text") {
      // A tenth of the file would take hours to evaluate.
      words.insert(words.end(), {"schedule.steps=2000", "task.split=0.9999"});
    }
    const Finished finished = run_headlight(words);
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    note(fmt::format("memory: {} of {:.2f} GB trained with at most {} MB", name,
                     static_cast<double>(std::filesystem::file_size(file)) / 1e9, finished.peak_bytes >> 20U));
    CHECK(finished.peak_bytes <= kMostMemory);
  }
}
