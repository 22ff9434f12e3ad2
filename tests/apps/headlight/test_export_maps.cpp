// `headlight export` of maps and weights: against the files that recording and checkpoints hold, which other tests check.
#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/io/array_io.h"
#include "core/io/safetensors.h"
#include "tests/apps/headlight/cli_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Contains;

namespace {

/// A run that has ended, of the tiny model or another one.
struct TrainedPlace : Workplace {
  explicit TrainedPlace(const std::string& model = {},
                        const std::vector<std::string>& more = {"snapshots.per_octave=1"}) {
    if (!model.empty()) set_model(model);
    REQUIRE(train(more).status == 0);
  }

  /// Exports into a file of that name.
  Finished write(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"export", run(), "-o", (*this / name).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return headlight::testing::run_headlight(arguments);
  }
};

std::size_t occurrences_in(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("A map as array and table has the weights that were recorded") {
  const TrainedPlace place;
  const Finished written = place.write("map.npy", {"--step", "4", "--probe", "2", "--head", "1"});
  REQUIRE(written.status == 0);
  CHECK_THAT(written.err, Contains("map.npy: tiny/run at step 4,"));
  REQUIRE(place.write("map.csv", {"--step", "4", "--probe", "2", "--head", "1"}).status == 0);
  const Array map = read_npy(place / "map.npy");
  const SafetensorsFile file(place.run() + "/attention/step-00000004.safetensors");
  const Array recorded = read_array(file.file(), file.tensor("enc.self.layer0"));
  REQUIRE(map.shape() == Shape{4, 4});
  REQUIRE(recorded.shape() == Shape{4, 2, 4, 4});
  std::istringstream csv(slurp(place / "map.csv"));
  std::string line;
  std::getline(csv, line);
  CHECK(line == "query,query_token,key,key_token,weight");
  for (std::size_t cell = 0; cell < 16; ++cell) {
    CHECK(map.data()[cell] == recorded.data()[(2 * 2 + 1) * 16 + cell]);
    REQUIRE(std::getline(csv, line));
    CHECK(line.rfind(std::to_string(cell / 4) + ",\"", 0) == 0);
    CHECK(std::stof(line.substr(line.rfind(',') + 1)) == map.data()[cell]);
  }
}

TEST_CASE("A map is exported from the last checkpoint, for a held-out example or an input") {
  const TrainedPlace place;
  REQUIRE(place.write("map.npy", {"--input", "0 1 2 0", "--head", "1"}).status == 0);
  const Array map = read_npy(place / "map.npy");
  for (std::size_t row = 0; row < 4; ++row) {
    double sum = 0;
    for (std::size_t key = 0; key < 4; ++key) sum += static_cast<double>(map.data()[row * 4 + key]);
    CHECK(std::abs(sum - 1) < 1e-6);
  }
  REQUIRE(place.write("map.svg", {"--example", "3", "--values"}).status == 0);
  CHECK_THAT(slurp(place / "map.svg"),
             Contains("Attention of enc.self, layer 0, head 0") && Contains("step 12, held-out example 3"));
  REQUIRE(place.write("map.png", {"--dark"}).status == 0);
  CHECK(slurp(place / "map.png").substr(1, 3) == "PNG");
}

TEST_CASE("Layers have their own numbers where they differ in their number of heads, in snapshots as in checkpoints") {
  const TrainedPlace place(R"({"d_model": 8, "blocks": [
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 2}, "width": 8},
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 4}, "width": 8},
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 2}, "width": 8}]})");
  std::vector<std::string> tables;
  for (const char* const layer : {"0", "1", "2"}) {
    // The last snapshot is of the weights of the last checkpoint.
    REQUIRE(place.write("snapshot.csv", {"--step", "12", "--layer", layer, "--head", "1"}).status == 0);
    REQUIRE(place.write("checkpoint.csv", {"--probe", "0", "--layer", layer, "--head", "1"}).status == 0);
    tables.push_back(slurp(place / "snapshot.csv"));
    CHECK(tables.back() == slurp(place / "checkpoint.csv"));
  }
  CHECK(tables[1] != tables[0]);
  CHECK(tables[1] != tables[2]);
  const auto show = [&](const std::string& layer, const std::string& head) {
    return run_headlight({"show", place.run(), "--step", "12", "--layer", layer, "--head", head});
  };
  CHECK_THAT(show("1", "3").out, Contains("Attention of enc.self, layer 1, head 3"));
  CHECK_THAT(show("2", "3").err, Contains("--head: there is no head 3; there are 0, 1"));
  CHECK_THAT(place.write("grid.png", {"--view", "grid", "--step", "12"}).err, Contains("different numbers of heads"));
}

TEST_CASE("A grid is refused where layers differ in their number of heads, though as many maps would fill it") {
  const TrainedPlace place(R"({"d_model": 6, "blocks": [
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 6, "heads": 2}, "width": 6},
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 6, "heads": 1}, "width": 6},
    {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 6, "heads": 3}, "width": 6}]})");
  for (const std::vector<std::string>& of :
       {std::vector<std::string>{"--step", "12"}, std::vector<std::string>{"--probe", "0"}}) {
    std::vector<std::string> arguments = {"--view", "grid"};
    arguments.insert(arguments.end(), of.begin(), of.end());
    CHECK_THAT(place.write("grid.png", arguments).err, Contains("different numbers of heads"));
  }
}

TEST_CASE("A run that was killed before its first checkpoint gives what it has recorded") {
  const TrainedPlace place;
  std::filesystem::remove_all(place.run() + "/checkpoints");
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"--to", "gif"},
                                             {"--to", "png", "--view", "curves"},
                                             {"--to", "png", "--step", "8"},
                                             {"--to", "svg", "--view", "grid", "--step", "8"},
                                             {"--to", "csv", "--step", "8"},
                                             {"--to", "npy", "--step", "8"}}) {
    INFO(more[1]);
    const bool at_end = more[1] == "gif" || more.back() == "curves";
    const std::string name = std::string("tiny-step-") + (at_end ? "12" : "8") + "." + more[1];
    std::vector<std::string> arguments = {"export", place.run(), "-o", (place / name).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run_headlight(arguments);
    INFO(finished.err);
    REQUIRE(finished.status == 0);
    CHECK_THAT(finished.err, Contains(std::string(": tiny/run at step ") + (at_end ? "12" : "8") + ","));
    CHECK(std::filesystem::file_size(place / name) > 0);
  }
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--to", "png", "--probe", "0"}, std::vector<std::string>{"--to", "safetensors"}}) {
    const Finished finished = place.write("none", more);
    CHECK(finished.status != 0);
    CHECK_THAT(finished.err, Contains("there is no checkpoint"));
  }
}

TEST_CASE("The maps of a checkpoint say that an encoder-decoder reads its own answer, as those of a snapshot do not") {
  const TrainedPlace place(R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 1, "d_model": 8})");
  const auto shown = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {place.run(), "--probe", "0"});
    more.insert(more.begin(), more.back() == "--json" ? "inspect" : "show");
    return run_headlight(more).out;
  };
  CHECK_THAT(shown({"--block", "dec.self"}), Contains("step 12, probe 0 (eval ") && Contains("), its own answer"));
  CHECK_THAT(shown({"--block", "dec.self", "--step", "12"}), Contains("probe 0 (eval ") && !Contains("own answer"));
  CHECK_THAT(shown({"--json"}), Contains("), its own answer\""));
  REQUIRE(place.write("map.svg", {"--probe", "0"}).status == 0);
  CHECK_THAT(slurp(place / "map.svg"), Contains("its own answer"));
  REQUIRE(place.write("map.svg", {"--step", "12"}).status == 0);
  CHECK_THAT(slurp(place / "map.svg"), !Contains("its own answer"));
}

TEST_CASE("What the mask hides is no number in an array, of a snapshot and of a checkpoint") {
  const TrainedPlace place(R"({"arch": "decoder", "d_model": 8, "heads": 2, "layers": 1})");
  REQUIRE(place.write("snapshot.npy", {"--step", "12"}).status == 0);
  REQUIRE(place.write("checkpoint.npy", {"--probe", "0"}).status == 0);
  for (const char* const name : {"snapshot.npy", "checkpoint.npy"}) {
    const Array map = read_npy(place / name);
    REQUIRE(map.shape()[0] == map.shape()[1]);
    const std::size_t size = map.shape()[0];
    for (std::size_t query = 0; query < size; ++query) {
      double sum = 0;
      for (std::size_t key = 0; key < size; ++key) {
        const Real weight = map.data()[query * size + key];
        CHECK(std::isnan(weight) == (key > query));
        if (key <= query) sum += static_cast<double>(weight);
      }
      CHECK(std::abs(sum - 1) < 1e-6);
    }
  }
}

TEST_CASE("Curves have the panel of the heads where heads were measured and no snapshot was kept") {
  const TrainedPlace place({}, {"snapshots.schedule=none", "heads.every=4"});
  REQUIRE(place.write("curves.svg", {"--view", "curves"}).status == 0);
  CHECK_THAT(slurp(place / "curves.svg"),
             Contains("weight on the right keys") && Contains("antidiag (enc.self layer 0 head "));
  CHECK_THAT(run_headlight({"show", place.run(), "--curves"}).out, Contains("weight on the right keys"));
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--to", "gif"}, std::vector<std::string>{"--to", "png", "--step", "4"}}) {
    CHECK_THAT(place.write("none", more).err, Contains("the run has recorded no attention"));
  }
}

TEST_CASE("An animation has a frame for each snapshot") {
  const TrainedPlace place;
  const Finished finished = place.write("map.gif");
  INFO(finished.err);
  REQUIRE(finished.status == 0);
  const std::string gif = slurp(place / "map.gif");
  CHECK(gif.substr(0, 6) == "GIF89a");
  // The head of a frame's control block (GIF89a, 23); snapshots of the steps 0, 1, 2, 4, 8 and 12.
  CHECK(occurrences_in(gif, "\x21\xf9\x04") == 6);
}

TEST_CASE("A run is exported as a grid of its heads and as its curves") {
  const TrainedPlace place;
  REQUIRE(place.write("grid.svg", {"--view", "grid", "--step", "4"}).status == 0);
  CHECK_THAT(slurp(place / "grid.svg"),
             Contains("run tiny/run, step 4, probe 0") && Contains(">head 1<") && Contains(">enc.self, layer 0<"));
  REQUIRE(place.write("grid.gif", {"--view", "grid"}).status == 0);
  CHECK(occurrences_in(slurp(place / "grid.gif"), "\x21\xf9\x04") == 6);
  REQUIRE(place.write("curves.svg", {"--view", "curves", "--dark"}).status == 0);
  // Loss and accuracies of both splits; heads are not measured in so few updates.
  const std::string curves = slurp(place / "curves.svg");
  CHECK_THAT(curves, Contains(">eval loss<") && Contains(">train seq_acc<") && Contains("run tiny/run"));
  CHECK(place.write("grid.png", {"--view", "grid", "--dark"}).status == 0);
  CHECK_THAT(run_headlight({"show", place.run(), "--curves"}).out, Contains("* eval loss") && Contains("accuracy"));
  CHECK_THAT(run_headlight({"show", place.run(), "--curves", "--head", "0"}).err, Contains("excludes"));
}

TEST_CASE("Weights are exported under the names that other tools give them") {
  const TrainedPlace place;
  REQUIRE(place.write("ours.safetensors").status == 0);
  REQUIRE(place.write("torch.safetensors", {"--names", "torch"}).status == 0);
  const SafetensorsFile ours(place / "ours.safetensors");
  const SafetensorsFile checkpoint(place.run() + "/checkpoints/step-00000012/model.safetensors");
  REQUIRE(ours.tensors().size() == checkpoint.tensors().size());
  for (const StoredTensor& tensor : checkpoint.tensors()) {
    const Array expected = read_array(checkpoint.file(), tensor);
    const Array written = read_array(ours.file(), ours.tensor(tensor.name));
    CHECK(std::equal(expected.data(), expected.data() + expected.size(), written.data()));
  }
  CHECK(SafetensorsFile(place / "torch.safetensors").find("layers.0.self_attn.in_proj_weight") != nullptr);
}

TEST_CASE("What cannot be exported is said with what there is") {
  const TrainedPlace place;
  const auto refused = [&](const std::string& name, const std::vector<std::string>& more, const std::string& words) {
    const Finished finished = place.write(name, more);
    CHECK(finished.status == 2);
    CHECK_THAT(finished.err, Contains(words));
    CHECK_FALSE(std::filesystem::exists(place / name));
  };
  refused("a.png", {"--step", "5"}, "there are snapshots of the steps 0, 1, 2, 4, 8, 12");
  refused("b.png", {"--layer", "3"}, "--layer: there is no layer 3; there is enc.self 0");
  refused("c.png", {"--head", "2"}, "--head: there is no head 2; there are 0, 1");
  refused("d.png", {"--block", "dec.self"}, "--block: there is no attention `dec.self`; there is enc.self");
  refused("e.png", {"--step", "4", "--block", "dec.self"},
          "--block: there is no attention `dec.self`; there is enc.self");
  refused("f.png", {"--step", "4", "--probe", "4"}, "the run has 4; probes count from 0");
  refused("l.png", {"--probe", "4"}, "the run has 4; probes count from 0");
  refused("m.png", {"--step", "4", "--example", "0"}, "--example excludes --step");
  refused("g.gif", {"--input", "0 1 2 0"}, "--input: it has no effect on gif; leave it out");
  refused("h.safetensors", {"--names", "keras"}, "use headlight, torch, gpt2");
  refused("k.safetensors", {"--step", "4"}, "--step: it has no effect on safetensors; leave it out");
  refused("i.png", {"--scale", "cubic"}, "cubic");
  refused("n.png", {"--view", "curves", "--step", "4"}, "--step: it has no effect on the view curves; leave it out");
  refused("o.png", {"--view", "grid", "--head", "1"}, "--head: it has no effect on the view grid; leave it out");
  refused("p.gif", {"--view", "curves"}, "gif has no view `curves`; use head, grid");
  refused("q.png", {"--view", "roles"}, "use head, grid, curves");
  refused("r.csv", {"--view", "grid"}, "--view: it has no effect on csv; leave it out");
  refused("j.tiff", {}, "name it: --to png");
}
