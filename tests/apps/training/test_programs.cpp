// Four attention programs whose weights are written by hand: their maps follow from mathematics (make_programs.py).
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/config/read.h"
#include "apps/inspect/capture.h"
#include "apps/tasks/registry.h"
#include "apps/training/build.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::at;

namespace {

constexpr double kTolerance = 1e-5;

using Ids = std::vector<std::int32_t>;
using Map = std::vector<std::vector<double>>;

Tokens batch_of(const std::vector<Ids>& sequences) {
  Tokens batch(Shape{sequences.size(), sequences.front().size()});
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    std::copy(sequences[b].begin(), sequences[b].end(), batch.data() + b * sequences[b].size());
  }
  return batch;
}

/// Sequences of symbols from `first` up to below `symbols`; with a start symbol, 0 comes before them.
std::vector<Ids> drawn_sequences(std::size_t count, std::size_t length, std::int32_t symbols, bool start) {
  std::mt19937_64 engine(17);
  std::vector<Ids> sequences(count, Ids(length));
  for (Ids& ids : sequences) {
    for (std::int32_t& id : ids) {
      const auto draw = static_cast<std::int32_t>(engine() % 1000);
      id = start ? 1 + draw % (symbols - 1) : draw % symbols;
    }
    if (start) ids[0] = 0;
  }
  return sequences;
}

/// The program's logits and maps.
struct Run {
  Array logits;
  std::vector<AttentionWeights> layers;
};

/// Reads config and weights as a user's run would.
Run run_program(const std::string& name, const std::vector<Ids>& sequences,
                const std::vector<std::string>& overrides = {}) {
  const std::string file = HEADLIGHT_SOURCE_DIR "/tests/reference/programs/" + name + ".json";
  const config::Config config = config::read_config({file}, overrides).config;
  const std::unique_ptr<Task> task = make_task(config);
  const std::unique_ptr<Model> model = build_model(config, *task);
  AttentionCapture capture;
  Array logits = (*model)(batch_of(sequences), {.recorder = &capture}).value();
  return {std::move(logits), capture.layers()};
}

void check_map(const AttentionWeights& weights, std::size_t member, const Map& expected) {
  for (std::size_t q = 0; q < weights.queries; ++q) {
    for (std::size_t k = 0; k < weights.keys; ++k) {
      INFO("member " << member << ", query " << q << ", key " << k);
      CHECK(std::abs(static_cast<double>(weights.row(member, 0, q)[k]) - expected[q][k]) <= kTolerance);
    }
  }
}

std::size_t argmax(const Array& logits, std::size_t member, std::size_t position) {
  std::size_t best = 0;
  for (std::size_t c = 1; c < logits.shape()[2]; ++c) {
    if (at(logits, {member, position, c}) > at(logits, {member, position, best})) best = c;
  }
  return best;
}

Map empty_map(std::size_t time) { return Map(time, std::vector<double>(time, 0)); }

}  // namespace

TEST_CASE("Program reverse: the map is the anti-diagonal, the answer the mirrored symbol") {
  const std::vector<Ids> sequences = drawn_sequences(6, 8, 6, false);
  const Run run = run_program("reverse", sequences);
  Map expected = empty_map(8);
  for (std::size_t q = 0; q < 8; ++q) expected[q][7 - q] = 1;
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    check_map(run.layers.at(0), b, expected);
    for (std::size_t q = 0; q < 8; ++q) {
      // 20 for the symbol read, 0 for the others.
      for (std::size_t c = 0; c < 6; ++c) {
        const double logit = static_cast<std::size_t>(sequences[b][7 - q]) == c ? 20 : 0;
        CHECK(std::abs(at(run.logits, {b, q, c}) - logit) <= 20 * kTolerance);
      }
    }
  }
}

TEST_CASE("Program previous token: each position reads the one before, and the first reads all that it sees alike") {
  const std::vector<Ids> sequences = drawn_sequences(6, 8, 6, false);
  for (const bool causal : {true, false}) {
    // An encoder reads no marks: its vocabulary are the symbols, and its sequences hold no answer.
    const std::vector<std::string> encoder = {"model.arch=encoder", "task.symbols=6", "task.length=8"};
    const Run run = run_program("previous_token", sequences, causal ? std::vector<std::string>{} : encoder);
    Map expected = empty_map(8);
    for (std::size_t k = 0; k < 8; ++k) expected[0][k] = causal ? (k == 0 ? 1 : 0) : 1.0 / 8;
    for (std::size_t q = 1; q < 8; ++q) expected[q][q - 1] = 1;
    for (std::size_t b = 0; b < sequences.size(); ++b) {
      check_map(run.layers.at(0), b, expected);
      for (std::size_t q = 1; q < 8; ++q) {
        CHECK(argmax(run.logits, b, q) == static_cast<std::size_t>(sequences[b][q - 1]));
      }
    }
  }
}

TEST_CASE("Program histogram: the start symbol's weight 1 / (1 + n) counts like tokens") {
  // Behind the start symbol 0 stands "abbc", whose histogram is 1 2 2 1.
  std::vector<Ids> sequences = drawn_sequences(6, 5, 5, true);
  sequences[0] = {0, 1, 2, 2, 3};
  sequences[1] = {0, 4, 4, 4, 4};
  const Run run = run_program("histogram", sequences);
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    Map expected = empty_map(5);
    expected[0][0] = 1;  // the start symbol has twice the logit for itself
    for (std::size_t q = 1; q < 5; ++q) {
      const auto count = std::count(sequences[b].begin(), sequences[b].end(), sequences[b][q]);
      for (std::size_t k = 0; k < 5; ++k) {
        if (k == 0 || sequences[b][k] == sequences[b][q]) expected[q][k] = 1 / (1 + static_cast<double>(count));
      }
      CHECK(argmax(run.logits, b, q) == static_cast<std::size_t>(count));
    }
    check_map(run.layers.at(0), b, expected);
    CHECK(argmax(run.logits, b, 0) == 0);
  }
  for (const auto& [q, count] : std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {2, 2}, {3, 2}, {4, 1}}) {
    CHECK(argmax(run.logits, 0, q) == count);
  }
}

TEST_CASE("Program induction: the second layer reads what followed earlier copies of its token") {
  const std::vector<Ids> sequences = drawn_sequences(12, 12, 8, true);
  const Run run = run_program("induction", sequences);
  Map previous = empty_map(12);
  previous[0][0] = 1;
  for (std::size_t q = 1; q < 12; ++q) previous[q][q - 1] = 1;
  std::size_t several = 0, none = 0;
  for (std::size_t b = 0; b < sequences.size(); ++b) {
    const Ids& ids = sequences[b];
    Map expected = empty_map(12);
    for (std::size_t q = 0; q < 12; ++q) {
      std::vector<std::size_t> followers;
      for (std::size_t k = 1; k <= q; ++k) {
        if (ids[k - 1] == ids[q] && ids[q] != 0) followers.push_back(k);
      }
      several += followers.size() > 1 ? 1U : 0U;
      none += followers.empty() ? 1U : 0U;
      if (followers.empty()) followers.push_back(0);
      for (const std::size_t k : followers) expected[q][k] = 1 / static_cast<double>(followers.size());
      // The logit of a symbol is 20 times its share among the followers; the start symbol has none.
      for (std::size_t c = 0; c < 8; ++c) {
        double share = 0;
        for (const std::size_t k : followers) {
          if (c != 0 && ids[k] == static_cast<std::int32_t>(c)) share += 1 / static_cast<double>(followers.size());
        }
        CHECK(std::abs(at(run.logits, {b, q, c}) - 20 * share) <= 20 * kTolerance);
      }
    }
    check_map(run.layers.at(0), b, previous);
    check_map(run.layers.at(1), b, expected);
  }
  CHECK(several > 10);
  CHECK(none > 10);
}
