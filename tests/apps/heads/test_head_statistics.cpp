// Statistics of heads: a program whose roles and ablations are known, and every kind of model and task.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/heads/head_statistics.h"
#include "core/parallel.h"
#include "tests/apps/heads/heads_testing.h"
#include "tests/apps/heads/own_attention.h"

using namespace headlight;
using headlight::testing::Built;
using headlight::testing::built_from;
using headlight::testing::RepeatedTokens;

namespace {

constexpr const char* kReverseTask =
    R"({"type": "reverse", "symbols": 4, "length": {"min": 2, "max": 5}, "eval": {"examples": 24, "seed": 1}})";

const std::vector<Ablation> kAll = {Ablation::mean, Ablation::zero, Ablation::uniform};

/// Bits alike, NaN and what does not apply included.
void check_same(const HeadStatistics& a, const HeadStatistics& b) {
  CHECK(a.columns == b.columns);
  REQUIRE(a.figures.size() == b.figures.size());
  for (std::size_t i = 0; i < a.figures.size(); ++i) {
    INFO(a.columns[i % a.columns.size()]);
    CHECK(a.figures[i] == b.figures[i]);
  }
}

}  // namespace

TEST_CASE("The induction program: its heads are called by what they do, and nothing is left without them") {
  const std::unique_ptr<Model> model = headlight::testing::induction_program();
  const RepeatedTokens task;
  const HeadStatistics statistics = measure_heads(*model, task, {.ablations = kAll});
  CHECK(statistics.sequences == 21);
  REQUIRE(statistics.heads.size() == 2);
  CHECK(statistics.heads[0].block == "dec.self");
  CHECK(statistics.heads[1].layer == 1);
  CHECK(statistics.figure(0, "role.previous.score").value() >= 0.99);
  CHECK(statistics.figure(1, "role.induction.score").value() >= 0.99);
  CHECK(tag_of(statistics, 0) == "previous");
  CHECK(tag_of(statistics, 1) == "induction");
  // Rows 6 to 11 of each sequence have an earlier copy; row 11 has two, and its own predecessor is no copy of it.
  CHECK(statistics.figure(1, "role.induction.n") == 21.0 * 6);
  CHECK(statistics.figure(1, "role.previous.n") == 21.0 * 11);
  CHECK(statistics.figure(0, "offset.-1").value() == Approx(11.0 / 12).epsilon(1e-5));
  CHECK_FALSE(statistics.figure(0, "role.next_symbol.score").has_value());
  for (const std::size_t head : {0U, 1U}) {
    // Without either the logits are 0 up to rounding: the loss is that of a guess among eight.
    CHECK(statistics.figure(head, "ablation.zero.loss").value() == Approx(std::log(8.0)).epsilon(1e-4));
    CHECK(statistics.figure(head, "ablation.zero.seq_acc") == -1.0);
    CHECK(statistics.figure(head, "ablation.zero.seq_acc.se") == 0.0);  // in every batch
    CHECK(statistics.figure(head, "ablation.zero.n") == 8.0);
    CHECK(statistics.figure(head, "ablation.mean.loss").value() > 0.5);
    CHECK(statistics.figure(head, "ablation.uniform.loss").value() > 0.5);
  }
  // Without the one that writes the answer they are exactly 0: the first class, which no target is.
  CHECK(statistics.figure(1, "ablation.zero.tok_acc") == -1.0);
}

TEST_CASE("Statistics are the same for every number of threads, and leave the model as it was") {
  const Built built = built_from(kReverseTask, R"({"d_model": 16, "heads": 4, "layers": 2, "dropout": 0.1})");
  std::vector<Array> before;
  for (const NamedParameter& parameter : built.model->parameters()) before.push_back(parameter.tensor.value());
  const std::size_t threads = thread_count();
  set_thread_count(1);
  const HeadStatistics alone = measure_heads(*built.model, *built.task, {.ablations = kAll});
  set_thread_count(3);
  const HeadStatistics shared = measure_heads(*built.model, *built.task, {.ablations = kAll});
  set_thread_count(threads);
  check_same(alone, shared);
  std::size_t i = 0;
  for (const NamedParameter& parameter : built.model->parameters()) {
    CHECK(same_bytes(parameter.tensor.value(), before[i++]));
    CHECK_FALSE(parameter.tensor.has_grad());
  }
}

TEST_CASE("An encoder-decoder has its heads by blocks as they run, and cross heads know the next symbol") {
  const Built built = built_from(kReverseTask, R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 2,
                                                "d_model": 8, "heads": 2})");
  const HeadStatistics statistics = measure_heads(*built.model, *built.task);
  REQUIRE(statistics.heads.size() == 10);
  std::vector<std::string> places;
  for (const HeadPlace& place : statistics.heads) {
    places.push_back(place.block + " " + std::to_string(place.layer) + " " + std::to_string(place.head));
  }
  CHECK(places == std::vector<std::string>{"enc.self 0 0", "enc.self 0 1", "dec.self 0 0", "dec.self 0 1",
                                           "dec.self 1 0", "dec.self 1 1", "dec.cross 0 0", "dec.cross 0 1",
                                           "dec.cross 1 0", "dec.cross 1 1"});
  // Every symbol that is produced stands in the source, but for the end mark: as many rows as the sources have symbols.
  double symbols = 0;
  for (std::uint64_t i = 0; i < 24; ++i) {
    Example example;
    built.task->example({.split = Split::eval, .index = i}, example);
    symbols += static_cast<double>(example.input.size());
  }
  CHECK(statistics.figure(6, "role.next_symbol.n") == symbols);
  CHECK(statistics.figure(6, "pattern.antidiag.n") == symbols);
  CHECK_FALSE(statistics.figure(6, "role.previous.n").has_value());
  CHECK_FALSE(statistics.figure(0, "role.next_symbol.n").has_value());
  CHECK_FALSE(statistics.figure(2, "pattern.antidiag.n").has_value());
  CHECK(statistics.figure(0, "role.previous.n") == symbols - 24);
}

TEST_CASE("What a user's own layer reads of the future counts, because its mask is not known") {
  const Built built = built_from(
      R"({"type": "induction", "symbols": 6, "block": 3, "repeats": 2, "length": 16, "eval": {"examples": 8}})",
      R"({"arch": "decoder", "d_model": 8, "blocks": [{"type": "own_attention"},
                     {"type": "residual", "body": {"type": "multi_head_attention", "d_model": 8, "heads": 1},
                      "width": 8}]})");
  const HeadStatistics statistics = measure_heads(*built.model, *built.task, {.examples = 8, .ablations = {}});
  REQUIRE(statistics.heads.size() == 2);
  const std::size_t own = statistics.heads[0].path == "layers.0" ? 0 : 1;
  CHECK(statistics.heads[own].block == "dec.self");
  // Every row spreads 1 over 16 keys: log2 16 bits, all of them; one of 16 on the next position, which 15 rows have.
  CHECK(statistics.figure(own, "entropy.bits").value() == Approx(4).epsilon(1e-5));
  CHECK(statistics.figure(own, "entropy.share").value() == Approx(1).epsilon(1e-5));
  CHECK(statistics.figure(own, "offset.1").value() == Approx(15.0 / 16 / 16).epsilon(1e-5));
  CHECK(statistics.figure(own, "role.previous.chance").value() == Approx(1.0 / 16).epsilon(1e-5));
  CHECK_THAT(statistics.unknown_masks, Catch::Contains("the mask of " + statistics.heads[own].path + " is not known"));
  // The other layer is known to look back.
  CHECK(statistics.figure(1 - own, "offset.1").value() == 0);
  const Built known = built_from(kReverseTask, R"({"d_model": 8, "heads": 2, "layers": 1})");
  CHECK(measure_heads(*known.model, *known.task, {.examples = 2, .ablations = {}}).unknown_masks.empty());
}

TEST_CASE("Vectors have no token roles, and numbers are neither right nor wrong") {
  const Built built = built_from(R"({"type": "linreg", "dimensions": 2, "points": 4, "eval": {"examples": 10}})",
                                 R"({"arch": "decoder", "d_model": 8, "heads": 2, "layers": 1, "max_len": 8})");
  const HeadStatistics statistics =
      measure_heads(*built.model, *built.task, {.examples = 10, .loss = built.config.loss.type});
  REQUIRE(statistics.heads.size() == 2);
  CHECK(statistics.figure(0, "role.previous.score").has_value());
  CHECK_FALSE(statistics.figure(0, "role.duplicate.n").has_value());
  CHECK_FALSE(statistics.figure(0, "role.induction.score").has_value());
  CHECK(statistics.figure(0, "pattern.own_point.score").has_value());
  CHECK(statistics.figure(0, "ablation.mean.loss").has_value());
  CHECK_FALSE(statistics.figure(0, "ablation.mean.tok_acc").has_value());
  CHECK_FALSE(statistics.figure(0, "ablation.mean.seq_acc.se").has_value());
}

TEST_CASE("Models that answer once are measured too, and a single example has no error") {
  const Built built = built_from(R"({"type": "modular", "op": "+", "p": 5, "fraction": 0.5})",
                                 R"({"arch": "decoder", "d_model": 8, "heads": 2, "layers": 1})");
  const HeadStatistics one = measure_heads(*built.model, *built.task, {.examples = 1, .ablations = kAll});
  CHECK(one.sequences == 1);
  CHECK(one.figure(1, "ablation.zero.n") == 1.0);
  CHECK(one.figure(1, "ablation.zero.loss").has_value());
  CHECK_FALSE(one.figure(1, "ablation.zero.loss.se").has_value());
  CHECK(measure_heads(*built.model, *built.task).figure(1, "ablation.mean.loss.se").has_value());
}

TEST_CASE("Columns and rows of head_stats.jsonl") {
  const Built built = built_from(kReverseTask, R"({"d_model": 8, "heads": 2, "layers": 1})");
  const HeadStatistics statistics = measure_heads(*built.model, *built.task);
  const std::vector<nlohmann::ordered_json> rows = to_json(statistics, 1000);
  REQUIRE(rows.size() == 2);
  std::vector<std::string> keys;
  for (const auto& [key, value] : rows[1].items()) keys.push_back(key);
  std::vector<std::string> expected{"step", "block", "layer", "head", "sequences"};
  for (const char* role :
       {"role.previous", "role.self", "role.first", "role.duplicate", "role.induction", "pattern.antidiag"}) {
    for (const char* figure : {".score", ".n", ".chance"}) expected.push_back(std::string(role) + figure);
  }
  for (const char* name : {"entropy.bits", "entropy.share", "entropy.n", "confidence.mean", "confidence.n"}) {
    expected.emplace_back(name);
  }
  for (int offset = -16; offset <= 16; ++offset) expected.push_back("offset." + std::to_string(offset));
  for (const char* name : {"loss", "loss.se", "tok_acc", "tok_acc.se", "seq_acc", "seq_acc.se", "n"}) {
    expected.push_back(std::string("ablation.mean.") + name);
  }
  CHECK(keys == expected);
  CHECK(rows[1]["step"] == 1000);
  CHECK(rows[1]["block"] == "enc.self");
  CHECK(rows[1]["head"] == 1);
  CHECK(rows[1]["sequences"] == 24);
  CHECK(rows[1]["ablation.mean.n"].is_number_unsigned());
  // A model that broke: what is no number is null.
  for (const NamedParameter& parameter : built.model->parameters()) {
    if (parameter.name.ends_with("query.weight")) {
      parameter.tensor.assign(full(parameter.tensor.shape(), std::numeric_limits<Real>::quiet_NaN()));
    }
  }
  const nlohmann::ordered_json broken = to_json(measure_heads(*built.model, *built.task), 1).at(0);
  CHECK(broken["role.previous.score"].is_null());
  CHECK(broken["ablation.mean.loss"].is_null());
  CHECK(broken["role.previous.n"] == rows[0]["role.previous.n"]);
}
