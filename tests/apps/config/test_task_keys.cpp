// What the keys of single tasks mean together: sizes of sets, positions, and values that cannot be.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

Config task_config(const std::string& task, const std::string& more = "") {
  return read_text(R"({"task": {"type": )" + task + R"(}, "trainer": {"steps": 9})" + more + "}");
}

std::string arch(const std::string& name) { return R"(, "model": {"arch": ")" + name + R"("})"; }

}  // namespace

TEST_CASE("each task has the defaults of its reference") {
  const Config copy = task_config(R"("copy")");
  CHECK(copy.task.symbols == 10);
  CHECK(copy.task.length.min == 10);
  CHECK(copy.task.length.max == 10);
  CHECK_FALSE(copy.task.first);
  CHECK_FALSE(training_examples(copy));
  CHECK(copy.trainer.sampling == Sampling::kFresh);
  const Config sort = task_config(R"("sort")");
  CHECK(sort.task.symbols == 3);
  CHECK(sort.task.length.max == 6);
  CHECK(sort.task.hash_split == 0.25);
  CHECK_FALSE(training_examples(sort));
  const Config addition = task_config(R"("addition")");
  CHECK(addition.task.addition.digits == 2);
  CHECK(addition.task.addition.order == DigitOrder::kPlain);
  CHECK_FALSE(addition.task.addition.signs);
  CHECK(training_examples(addition) == 9000);
  CHECK(addition.task.eval.examples == 1000);
  CHECK(addition.model.arch == Arch::kDecoder);
  CHECK(task_config(R"("addition", "order": "reversed")").task.addition.signs);
  const Config modular = task_config(R"("modular")");
  CHECK(modular.task.modular.op == ModularOp::kAdd);
  CHECK(modular.task.modular.p == 113);
  CHECK(training_examples(modular) == 3830);          // int(0.3 * 12769)
  CHECK(modular.task.eval.examples == 12769 - 3830);  // all others
  CHECK(modular.trainer.sampling == Sampling::kEpochs);
  const Config induction = task_config(R"("induction")");
  CHECK(induction.task.symbols == 127);
  CHECK(induction.task.length.max == 85);
  CHECK(induction.task.induction.block == 16);
  CHECK(induction.task.induction.repeats == 3);
  CHECK(induction.model.arch == Arch::kDecoder);
}

TEST_CASE("sets of pairs have the sizes that arithmetic gives") {
  // 1 digit: 100 pairs, a tenth of them held out. 3 digits: a million, and 10,000 are the reference's.
  const Config one = task_config(R"("addition", "digits": 1)");
  CHECK(one.task.eval.examples == 10);
  CHECK(training_examples(one) == 90);
  CHECK(training_examples(task_config(R"("addition", "digits": 3)")) == 10000);
  CHECK(training_examples(task_config(R"("addition", "eval": {"examples": 4000})")) == 6000);
  const Config fresh = read_text(R"({"task": {"type": "addition"}, "trainer": {"steps": 9, "sampling": "fresh"}})");
  CHECK_FALSE(training_examples(fresh));
  const Config divided = task_config(R"("modular", "op": "/", "p": 11, "fraction": 0.8)");
  CHECK(training_examples(divided) == 88);  // of 11 * 10
  CHECK(divided.task.eval.examples == 22);
  CHECK(task_config(R"("modular", "eval": {"examples": 7})").task.eval.examples == 7);
  const Config full = read_text(R"({"task": {"type": "modular"}, "trainer": {"epochs": 5, "batch_size": "full"}})");
  CHECK(batch_examples(full) == 3830);
  CHECK(total_steps(full) == 5);
}

TEST_CASE("each task knows how many positions it needs") {
  CHECK(needed_positions(task_config(R"("copy", "first": 1)", arch("encoder-decoder"))) == 10);
  CHECK(needed_positions(task_config(R"("copy")", arch("encoder-decoder"))) == 11);
  CHECK(needed_positions(task_config(R"("copy", "first": 1)", arch("decoder"))) == 21);
  CHECK(needed_positions(task_config(R"("sort")", arch("decoder"))) == 11);
  CHECK(needed_positions(task_config(R"("sort", "eval": {"lengths": [6]})", arch("decoder"))) == 11);
  CHECK(needed_positions(task_config(R"("sort", "eval": {"lengths": [4]})", arch("decoder"))) == 13);
  CHECK(needed_positions(task_config(R"("sort")", arch("encoder"))) == 6);
  CHECK(needed_positions(task_config(R"("addition")")) == 6);
  CHECK(needed_positions(task_config(R"("addition", "digits": 3, "order": "reversed")")) == 11);
  CHECK(needed_positions(task_config(R"("addition", "digits": 1)", arch("encoder-decoder"))) == 3);
  CHECK(needed_positions(task_config(R"("modular")")) == 3);
  CHECK(needed_positions(task_config(R"("induction", "eval": {"lengths": [120]})")) == 120);
}

TEST_CASE("keys of a task that cannot go together are named") {
  struct Wrong {
    const char* task;
    const char* more;
    const char* what;
    const char* help;
  };
  const std::vector<Wrong> all = {
      {R"("addition")", R"(, "model": {"arch": "encoder"})",
       "an encoder answers at the positions of its input, but a sum is shorter than that",
       "set `model.arch` to \"decoder\" or \"encoder-decoder\""},
      {R"("induction")", R"(, "model": {"arch": "encoder"})",
       "induction predicts the next token of one sequence, from those before it", "set `model.arch` to \"decoder\""},
      {R"("modular")", R"(, "model": {"arch": "encoder-decoder"})",
       "modular has one answer, at the end of its input, and no second sequence",
       "set `model.arch` to \"decoder\" or \"encoder\""},
      {R"("copy", "symbols": 4, "first": 5)", "", "`task.first` is 5, but the symbols are 1 to 4",
       "take one of them, or raise `task.symbols`"},
      {R"("addition", "train_examples": 9001)", "",
       "there are 10000 pairs of numbers of 2 digits, but 9001 to train on and 1000 to evaluate on are wanted",
       "lower `task.train_examples` or `task.eval.examples`, or raise `task.digits`"},
      {R"("addition", "digits": 1, "eval": {"examples": 100})", "",
       "there are 100 pairs of numbers of 1 digit, but 1 to train on and 100 to evaluate on are wanted",
       "lower `task.train_examples` or `task.eval.examples`, or raise `task.digits`"},
      {R"("modular", "p": 5, "fraction": 0.01)", "", "`task.fraction` 0.01 of the 25 pairs is no pair to train on",
       "raise it, or `task.p`"},
      {R"("modular", "p": 11, "fraction": 0.8, "eval": {"examples": 26})", "",
       "`task.eval.examples` is 26, but 25 pairs are not trained on", "remove it to evaluate on all of them"},
      {R"("modular", "op": "/", "p": 15)", "", "`task.op` \"/\" needs a prime `task.p`, but 15 is none",
       "take 13 or 17"},
      {R"("induction", "length": 51)", "",
       "a start mark and 3 blocks of 16 tokens, each with one more behind it, do not fit into a sequence of 51",
       "lengths begin at 52; or lower `task.block` or `task.repeats`"},
      {R"("induction", "eval": {"lengths": [85, 40]})", "",
       "a start mark and 3 blocks of 16 tokens, each with one more behind it, do not fit into a sequence of 40",
       "lengths begin at 52; or lower `task.block` or `task.repeats`"},
      {R"("modular", "eval": {"lengths": [3]})", "",
       "`task.eval.lengths` has no effect while the task of this `task.type` has no length", "remove it"},
  };
  for (const Wrong& wrong : all) {
    const std::string text = std::string(R"({"task": {"type": )") + wrong.task +
                             R"(}, "trainer": {"steps": 9, "batch_size": 1})" + wrong.more + "}";
    const std::string message = problems(text);
    INFO(text << "\n" << message);
    CHECK(message.find("error: " + std::string(wrong.what) + "\n") == 0);
    CHECK(message.find("help: " + std::string(wrong.help) + "\n") != std::string::npos);
  }
  CHECK(
      problems(R"({"task": {"type": "modular"}, "trainer": {"steps": 9, "sampling": "fresh"}})")
          .starts_with("error: `trainer.sampling` is \"fresh\", but modular has a fixed training set, `task.fraction` "
                       "of all pairs\n"));
  CHECK(problems(R"({"task": {"type": "copy"}, "trainer": {"steps": 9, "sampling": "epochs"}})")
            .starts_with("error: `trainer.sampling` \"epochs\" needs a fixed training set, but the task has none\n"));
  CHECK(problems(R"({"task": {"type": "modular", "p": 5}, "trainer": {"steps": 9, "batch_size": 8}})")
            .find("take at most 7, or \"full\", or raise `task.fraction`") != std::string::npos);
}
