#include <algorithm>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/recall.h"
#include "core/error.h"
#include "tests/apps/tasks/drawing.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using config::RecallVariant;

namespace {

using Keys = std::vector<std::size_t>;

constexpr std::int32_t kArrow = 8;

RecallOptions recall_options(RecallVariant variant, std::size_t length, std::uint64_t train_seed = 1) {
  return {.variant = variant,
          .symbols = 8,
          .length = {length, length},
          .sets = {.seeds = {.train = train_seed}, .train_examples = 1000, .eval_examples = 200}};
}

/// Of 8 symbols the shortest sequences are few: with pairs of length 2 they are 4 * 4 (a key and its value), without
/// pairs of length 3 they are 8^2 (the two symbols behind the mark). About one in ten is held out, so ask for two.
RecallOptions endless(RecallVariant variant, std::size_t length) {
  RecallOptions options = recall_options(variant, length);
  options.sets.train_examples.reset();
  if (length <= 3) options.sets.eval_examples = 2;
  return options;
}

/// Checks what is common to both variants; returns the whole sequence, the answer included.
std::vector<std::int32_t> whole(const Example& example, Split split) {
  std::vector<std::int32_t> sequence = example.input;
  sequence.push_back(example.target.back());
  REQUIRE(example.target.size() == example.input.size());
  for (std::size_t i = 0; i + 1 < example.target.size(); ++i) {
    CHECK(example.target[i] == (split == Split::train ? sequence[i + 1] : kIgnoredTarget));
  }
  return sequence;
}

}  // namespace

TEST_CASE("assoc_recall asks for the value of a key that occurred, and each key has one value") {
  for (const std::size_t length : {2U, 6U, 20U}) {
    const Recall task(endless(RecallVariant::kAssocRecall, length));
    CHECK(task.shape().length == length + 2);
    for (const Split split : {Split::train, Split::eval}) {
      const std::uint64_t count = std::min<std::uint64_t>(task.examples(split).value_or(100), 100);
      for (std::uint64_t index = 0; index < count; ++index) {
        const std::vector<std::int32_t> s = whole(drawn(task, split, index), split);
        REQUIRE(s.size() == length + 3);
        std::map<std::int32_t, std::int32_t> values;
        for (std::size_t i = 0; i < length; i += 2) {
          CHECK((s[i] >= 0 && s[i] < 4));
          CHECK((s[i + 1] >= 4 && s[i + 1] < 8));
          CHECK(values.emplace(s[i], s[i + 1]).first->second == s[i + 1]);
        }
        CHECK(s[length] == kArrow);
        CHECK(values.at(s[length + 1]) == s[length + 2]);
      }
    }
  }
}

TEST_CASE("induction_head has one mark among its symbols, and asks for the symbol behind it") {
  for (const std::size_t length : {3U, 5U, 30U}) {
    const Recall task(endless(RecallVariant::kInductionHead, length));
    CHECK(task.shape().length == length + 1);
    for (const Split split : {Split::train, Split::eval}) {
      const std::uint64_t count = std::min<std::uint64_t>(task.examples(split).value_or(100), 100);
      for (std::uint64_t index = 0; index < count; ++index) {
        const std::vector<std::int32_t> s = whole(drawn(task, split, index), split);
        REQUIRE(s.size() == length + 2);
        CHECK(s[length] == kArrow);
        CHECK(std::count(s.begin(), s.end(), kArrow) == 2);
        const auto mark = std::find(s.begin(), s.end(), kArrow);
        CHECK(mark - s.begin() <= static_cast<std::ptrdiff_t>(length) - 3);
        CHECK(mark[1] == s[length + 1]);
        CHECK(std::all_of(s.begin(), s.end(), [](std::int32_t id) { return id >= 0 && id <= kArrow; }));
      }
    }
  }
}

TEST_CASE("Keys, values and the place of the mark are uniform") {
  const Recall pairs(endless(RecallVariant::kAssocRecall, 20));
  std::vector<double> keys(4);
  std::vector<double> answers(4);
  for (const Example& example : drawn_many(pairs, Split::train, 4000)) {
    // The first pair alone: the keys of one example are independent, but one that is held out takes all with it.
    ++keys[static_cast<std::size_t>(example.input[0])];
    ++answers[static_cast<std::size_t>(example.target.back() - 4)];
  }
  check_uniform(keys);
  check_uniform(answers);
  const Recall induction(endless(RecallVariant::kInductionHead, 30));
  std::vector<double> places(28);
  for (const Example& example : drawn_many(induction, Split::train, 4000)) {
    ++places[static_cast<std::size_t>(std::find(example.input.begin(), example.input.end(), kArrow) -
                                      example.input.begin())];
  }
  check_uniform(places);
}

TEST_CASE("No sequence of recall comes twice, and none is in both sets") {
  for (const RecallVariant variant : {RecallVariant::kAssocRecall, RecallVariant::kInductionHead}) {
    // Short enough that plain draws would repeat: of 5,776 sequences (by the number of different keys 16, 1,152 and
    // 4,608), or 8^4 * 3.
    const std::size_t length = variant == RecallVariant::kAssocRecall ? 6 : 5;
    const Recall task(recall_options(variant, length));
    const std::vector<Example> train = drawn_many(task, Split::train, 1000);
    const std::vector<Example> held_out = drawn_many(task, Split::eval, 200);
    CHECK(inputs_of(train).size() == 1000);
    CHECK(inputs_of(held_out).size() == 200);
    CHECK(shared(train, held_out) == 0);
    // Nor of a training set with another seed, or one without an end.
    CHECK(shared(drawn_many(Recall(recall_options(variant, length, 77)), Split::train, 1000), held_out) == 0);
    CHECK(shared(drawn_many(Recall(endless(variant, length)), Split::train, 3000), held_out) == 0);
  }
}

TEST_CASE("An example of recall is a pure function of seed, split and index") {
  check_determinism([](std::uint64_t train, std::uint64_t eval) {
    RecallOptions options = recall_options(RecallVariant::kAssocRecall, 20);
    options.sets.seeds = {train, eval};
    return Recall(options);
  });
}

TEST_CASE("Without seeing the future 53 % of the training targets are the most that can be right") {
  // With 8 symbols and length 20, by what is known at each position: a key is one of four; a value is known when its key
  // came before, else one of four; the mark is known by its place; the last key is one of those that came.
  const Recall task(endless(RecallVariant::kAssocRecall, 20));
  double right = 0;
  double targets = 0;
  for (const Example& example : drawn_many(task, Split::train, 2000)) {
    std::map<std::int32_t, bool> seen;
    targets += 22;
    for (std::size_t i = 0; i < 20; i += 2) {
      if (i > 0) right += 0.25;
      right += seen.count(example.input[i]) == 1 ? 1 : 0.25;
      seen[example.input[i]] = true;
    }
    right += 1 + 1 / static_cast<double>(seen.size()) + 1;
  }
  CHECK(right / targets == Approx(0.53).margin(0.005));
}

TEST_CASE("The answer of recall is read where the value of the key, or the symbol behind the mark, stands") {
  const Recall pairs(recall_options(RecallVariant::kAssocRecall, 6));
  REQUIRE(pairs.patterns().size() == 1);
  CHECK(pairs.patterns()[0].name == "kv_hit");
  CHECK(pairs.patterns()[0].block == "dec.self");
  const Example example{.input = {0, 5, 1, 6, 0, 5, kArrow, 0}, .target = {5, 1, 6, 0, 5, kArrow, 0, 5}, .size = 6};
  CHECK(keys_of(pairs, example, 7) == Keys{1, 5});
  for (std::size_t query = 0; query < 7; ++query) CHECK(keys_of(pairs, example, query).empty());
  const Recall induction(recall_options(RecallVariant::kInductionHead, 5));
  CHECK(keys_of(induction, {.input = {3, kArrow, 2, 1, 2, kArrow}, .target = {0, 0, 0, 0, 0, 2}, .size = 5}, 5) ==
        Keys{2});
  check_texts(pairs);
  CHECK(pairs.token_text(kArrow) == "=>");
  CHECK(pairs.token_text(kArrow + 1) == ".");
}

TEST_CASE("Recall refuses sizes of which there are no sequences, and sets larger than the task") {
  CHECK(message_of<ConfigError>([] { Recall(recall_options(RecallVariant::kAssocRecall, 5)); }) ==
        "recall: symbols and length do not make a sequence; 8 symbols, length 5; take at least 2 symbols and an even "
        "length");
  CHECK_THROWS_AS(Recall(recall_options(RecallVariant::kInductionHead, 2)), ConfigError);
  // Length 2: four keys, each with one value, which is asked for: 16 sequences.
  CHECK_THROWS_WITH(Recall(recall_options(RecallVariant::kAssocRecall, 2)),
                    Catch::Contains("recall: the task has too few different training inputs; 1000 are wanted, ") &&
                        Catch::Contains("lower `task.train_examples`, or take longer sequences or more symbols"));
}

TEST_CASE("Recall refuses such lengths when they are asked for too") {
  const Recall pairs(recall_options(RecallVariant::kAssocRecall, 20));
  for (const std::size_t length : {1U, 3U, 5U}) CHECK_THROWS_AS(example(pairs, Split::eval, 0, length), ConfigError);
  const Recall induction(recall_options(RecallVariant::kInductionHead, 20));
  for (const std::size_t length : {1U, 2U}) CHECK_THROWS_AS(example(induction, Split::eval, 0, length), ConfigError);
}

TEST_CASE("One sequence in ten belongs to the held-out set") {
  double held_out = 0;
  for (std::int32_t i = 0; i < 20000; ++i) {
    const std::vector<std::int32_t> ids{i % 7, i / 7 % 11, i / 77};
    held_out += is_held_out(ids) ? 1 : 0;
  }
  check_share(held_out, 20000, 0.1);
}
