// A run is the same with recording and without it, and goes back to any step.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/recording/recorder.h"
#include "apps/recording/snapshot_images.h"
#include "apps/training/json_lines.h"
#include "core/parallel.h"
#include "tests/apps/training/training_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Steps = std::vector<std::uint64_t>;

namespace {

/// Notes what it is told, and records.
class Recording : public Notes {
 public:
  explicit Recording(Recorder& recorder) : recorder_(recorder) {}
  void reached(std::uint64_t step, bool end) override { recorder_.reached(step, end); }

 private:
  Recorder& recorder_;
};

struct RecordedRun {
  explicit RecordedRun(const config::Config& config) : parts(config), probes(choose_probes(config, *parts.task)) {}
  Recorder recorder() {
    return Recorder({.config = parts.config,
                     .task = *parts.task,
                     .model = *parts.model,
                     .optimizer = *parts.optimizer,
                     .probes = probes,
                     .run = directory.path()});
  }

  TemporaryDirectory directory;
  Parts parts;
  std::vector<Probe> probes;
};

}  // namespace

TEST_CASE("Weights, optimiser and figures of a run are byte-equal with recording and without it") {
  for (const char* average : {"optimizer.ema=null", "optimizer.ema=0.9"}) {
    const config::Config config = tiny_config({"model.dropout=0.1", "probes.scores=true", "heads.every=5", average});
    Parts plain(config);
    Notes notes;
    train(plain.setup(), {}, notes);

    RecordedRun run(config);
    Recorder recorder = run.recorder();
    Recording recording(recorder);
    train(run.parts.setup(), {}, recording);
    CHECK_FALSE(snapshots_of(run.directory.path()).empty());

    const TemporaryDirectory saved;
    std::filesystem::create_directory(saved / "plain");
    std::filesystem::create_directory(saved / "recorded");
    save_checkpoint(saved / "plain", {.step = 12}, config, *plain.model, *plain.optimizer);
    save_checkpoint(saved / "recorded", {.step = 12}, config, *run.parts.model, *run.parts.optimizer);
    for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
      const std::string name = std::string("checkpoints/step-00000012/") + file;
      CHECK(slurp(saved / "plain" / name) == slurp(saved / "recorded" / name));
    }
    REQUIRE(notes.rows.size() == recording.rows.size());
    for (std::size_t i = 0; i < notes.rows.size(); ++i) CHECK(notes.rows[i].loss == recording.rows[i].loss);
  }
}

TEST_CASE("Snapshots are taken by the schedule and at the end, wherever that is") {
  const config::Config config = tiny_config({"snapshots.per_octave=1"});
  RecordedRun run(config);
  Recorder recorder = run.recorder();
  Recording recording(recorder);
  train(run.parts.setup(), {}, recording);
  CHECK(snapshots_of(run.directory.path()) == Steps{0, 1, 2, 4, 8, 12});
  CHECK(std::filesystem::exists(run.directory / "probes.json"));
  recorder.reached(5, false);
  CHECK(snapshots_of(run.directory.path()) == Steps{0, 1, 2, 4, 8, 12});
  recorder.reached(5, true);
  CHECK(snapshots_of(run.directory.path()) == Steps{0, 1, 2, 4, 5, 8, 12});
  recorder.rewind(4);
  CHECK(snapshots_of(run.directory.path()) == Steps{0, 1, 2});
}

TEST_CASE("Nothing is written without a schedule, or without probes") {
  for (const char* override_text : {"snapshots.schedule=none", "probes.random=0"}) {
    RecordedRun run(tiny_config({override_text, "heads.examples=0"}));
    Recorder recorder = run.recorder();
    CHECK_FALSE(recorder.reached(0, false));
    CHECK_FALSE(recorder.reached(12, true));
    CHECK(std::filesystem::is_empty(run.directory.path()));
  }
}

TEST_CASE("Heads are measured at their distance and at the end, wherever that is") {
  RecordedRun run(tiny_config({"heads.every=5", "heads.examples=20"}));
  Recorder recorder = run.recorder();
  Recording recording(recorder);
  train(run.parts.setup(), {}, recording);
  const auto steps = [&run] {
    Steps found;
    read_json_lines(run.directory / "head_stats.jsonl", [&found](const nlohmann::json& row) {
      CHECK(row["block"] == "enc.self");
      CHECK(row["sequences"] == 20);
      CHECK(row.contains("ablation.mean.loss"));
      found.push_back(row["step"].get<std::uint64_t>());
    });
    return found;
  };
  CHECK(steps() == Steps{0, 0, 5, 5, 10, 10, 12, 12});  // two heads
  recorder.rewind(10);
  CHECK(steps() == Steps{0, 0, 5, 5});
}

TEST_CASE("The size of a recording is known before it begins") {
  // Of the steps 0, 1, 2, 4, 8 and 12; 3 probes, 2 heads, 4 x 4 weights of 4 bytes, and as many for scores.
  const config::Config config = tiny_config({"snapshots.per_octave=1", "probes.random=3"});
  const RecordedRun run(config);
  const RecordingSize size = recording_size(config, *run.parts.model, run.probes);
  CHECK(size.snapshots == 6);
  CHECK(size.bytes == 3 * 2 * 16 * 4);
  const config::Config scores = tiny_config({"probes.random=3", "probes.scores=true", "snapshots.dtype=float16"});
  CHECK(recording_size(scores, *run.parts.model, run.probes).bytes == 3 * 2 * 16 * (2 + 4));
  CHECK(recording_size(config, *run.parts.model, {}).snapshots == 0);
}

TEST_CASE("A snapshot has a picture of each layer for TensorBoard") {
  RecordedRun run(tiny_config({"layers=2"}));
  const Snapshot snapshot = take_snapshot(*run.parts.model, *run.parts.task, run.probes, run.parts.config.probes);
  const std::vector<EventImage> images = snapshot_images(snapshot, "eval 3", 7);
  REQUIRE(images.size() == 2);
  CHECK(images[0].tag == "attention/enc.self/layer0");
  CHECK(images[1].tag == "attention/enc.self/layer1");
  CHECK(images[0].png.substr(1, 3) == "PNG");
  // Width and height of the file itself: big-endian behind the 16 bytes of signature and chunk head.
  CHECK(static_cast<unsigned char>(images[0].png[18]) * 256U + static_cast<unsigned char>(images[0].png[19]) ==
        images[0].width);
  CHECK(static_cast<unsigned char>(images[0].png[22]) * 256U + static_cast<unsigned char>(images[0].png[23]) ==
        images[0].height);
}
