#include <limits>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/training/metrics.h"
#include "apps/training/progress.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const MetricsRow kTrainRow{.step = 50,
                           .split = Split::train,
                           .loss = 0.1,
                           .tok_acc = 0.5,
                           .seq_acc = 0.25,
                           .update = MetricsRow::Update{.learning_rate = 5e-4,
                                                        .gradient_norm = 1.5,
                                                        .tokens_per_second = 1.85e6}};
const MetricsRow kEvalRow{.step = 3900, .split = Split::eval, .loss = 1e-5, .tok_acc = 1, .seq_acc = 0.99999};

}  // namespace

TEST_CASE("A row has its keys in one order and its numbers in full") {
  CHECK(to_json(kTrainRow, 1700000000.25).dump() ==
        R"({"step":50,"time":1700000000.25,"split":"train","loss":0.1,"tok_acc":0.5,"seq_acc":0.25,"lr":0.0005,)"
        R"("grad_norm":1.5,"tok_s":1850000.0})");
  CHECK(to_json(kEvalRow, 2).dump() ==
        R"({"step":3900,"time":2.0,"split":"eval","loss":1e-05,"tok_acc":1.0,"seq_acc":0.99999})");
  // The shortest digits that give the same double back.
  MetricsRow third = kEvalRow;
  third.loss = 1.0 / 3;
  CHECK(to_json(third, 2)["loss"].dump() == "0.3333333333333333");
}

TEST_CASE("What is not finite is null, and said beside") {
  MetricsRow row = kTrainRow;
  row.loss = kNan;
  row.update->gradient_norm = kInfinity;
  row.update->learning_rate = -kInfinity;
  CHECK(to_json(row, 1).dump() ==
        R"({"step":50,"time":1.0,"split":"train","loss":null,"tok_acc":0.5,"seq_acc":0.25,"lr":null,)"
        R"("grad_norm":null,"tok_s":1850000.0,"nonfinite":{"loss":"nan","lr":"-inf","grad_norm":"inf"}})");
}

TEST_CASE("Attention rows that see no key are counted where there are any") {
  MetricsRow row = kEvalRow;
  row.hidden_rows = 12;
  CHECK(to_json(row, 2).dump() ==
        R"({"step":3900,"time":2.0,"split":"eval","loss":1e-05,"tok_acc":1.0,"seq_acc":0.99999,"hidden_rows":12})");
  CHECK(plain_line(row, 3900) ==
        "step 3900/3900  eval   loss 0.0000  tok_acc 100.00 %  seq_acc 99.99 %  hidden_rows 12");
}

TEST_CASE("The log begins with a start row and grows by whole lines") {
  const testing::TemporaryDirectory directory;
  MetricsLog log(directory / "metrics.jsonl", "start", {{"threads", 2}});
  log.append(to_json(kEvalRow, 2));
  CHECK(testing::slurp(directory / "metrics.jsonl") ==
        "{\"event\":\"start\",\"schema\":\"headlight.metrics/1\",\"threads\":2}\n" + to_json(kEvalRow, 2).dump() +
            "\n");
}

TEST_CASE("A row as a line of text") {
  CHECK(
      plain_line(kTrainRow, 3900) ==
      "step   50/3900  train  loss 0.1000  tok_acc 50.00 %  seq_acc 25.00 %  grad_norm 1.5  lr 5.00e-04  1.85M tok/s");
  // Everything right is 100 %, and nothing less is.
  CHECK(plain_line(kEvalRow, 3900) == "step 3900/3900  eval   loss 0.0000  tok_acc 100.00 %  seq_acc 99.99 %");
}

TEST_CASE("Durations and counts in few characters") {
  CHECK(short_duration(7.9) == "7 s");
  CHECK(short_duration(65) == "1:05");
  CHECK(short_duration(7384) == "2:03:04");
  CHECK(short_count(934) == "934");
  CHECK(short_count(12345) == "12.3k");
  CHECK(short_count(1.85e6) == "1.85M");
  CHECK(short_count(999.6e3) == "1M");
  CHECK(short_count(3e9) == "3G");
}

TEST_CASE("The progress line shows what fits") {
  const ProgressFigures figures{.step = 1950,
                                .total_steps = 3900,
                                .elapsed_seconds = 65,
                                .remaining_seconds = 65,
                                .train = kTrainRow,
                                .eval = kEvalRow};
  CHECK(bar_line(figures, 200) ==
        "[=====     ]  50 %  1950/3900  loss 0.1000  acc 100.00 %  grad 1.5  lr 5.0e-04  1.85M tok/s  1:05 < 1:05");
  CHECK(bar_line(figures, 79) == "[=====     ]  50 %  1950/3900  loss 0.1000  acc 100.00 %  grad 1.5  1:05 < 1:05");
  CHECK(bar_line(figures, 60) == "[=====     ]  50 %  loss 0.1000  acc 100.00 %  1:05 < 1:05");
  CHECK(bar_line(figures, 10).size() == 10);
  CHECK(bar_line({.total_steps = 10}, 80) == "[          ]   0 %  0/10  0 s < 0 s");
}
