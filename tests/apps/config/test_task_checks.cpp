// What a task asks of the rest of a config, and which examples a batch may have.
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

/// A config of a task with these overrides.
std::string problems_of(const std::string& task, const std::vector<std::string>& overrides = {}) {
  return problems(R"({"task": {"type": ")" + task + R"("}, "trainer": {"steps": 100}})", overrides);
}

Config config_of(const std::string& task, const std::vector<std::string>& overrides = {}) {
  return read_text(R"({"task": {"type": ")" + task + R"("}, "trainer": {"steps": 100}})", overrides);
}

struct Wrong {
  std::string task;
  std::vector<std::string> overrides;
  std::string what;
  std::string help;
};

const std::vector<Wrong> kWrongTasks = {
    {"recall",
     {"model.arch=encoder"},
     "the task predicts what comes next, which a model of this `model.arch` would read",
     "set `model.arch` to \"decoder\""},
    {"linreg",
     {"model.arch=encoder-decoder"},
     "the task predicts what comes next, which a model of this `model.arch` would read",
     "set `model.arch` to \"decoder\""},
    {"formal",
     {"model.arch=encoder-decoder"},
     "the task is answered at positions of its input, so there is nothing for a decoder to say",
     "set `model.arch` to \"encoder\" or \"decoder\""},
    // The first symbol is one of the sequence: apps/tasks/copy.cpp makes no example of it alone.
    {"copy",
     {"task.first=1", "task.length=1"},
     "`task.length` asks for a sequence of 1, which `task.first` fills: nothing is left to copy",
     "lengths begin at 2; or remove `task.first`"},
    {"copy",
     {"task.first=1", "task.length={\"min\": 1, \"max\": 10}"},
     "`task.length` asks for a sequence of 1, which `task.first` fills: nothing is left to copy",
     "lengths begin at 2; or remove `task.first`"},
    {"copy",
     {"task.first=1", "task.eval.lengths=[5, 1]"},
     "`task.eval.lengths` asks for a sequence of 1, which `task.first` fills: nothing is left to copy",
     "lengths begin at 2; or remove `task.first`"},
    {"recall", {"task.length=21"}, "a length of 21 is no whole number of keys with their values", "take 22"},
    {"recall",
     {"task.eval.lengths=[20, 31]"},
     "a length of 31 is no whole number of keys with their values",
     "take 32"},
    {"recall",
     {"task.variant=induction_head", "task.length=2"},
     "a length of 2 has no room for a mark and the symbol behind it",
     "take at least 3"},
    {"recall", {"task.length={\"min\": 10, \"max\": 20}"}, "the task has one length", "give `task.length` as a number"},
    {"mqar", {"task.length=63"}, "a length of 63 is odd, but questions stand at even distances", "take 64"},
    {"mqar",
     {"task.length=30", "task.pairs=8"},
     "a length of 30 has no room for 8 pairs and their questions",
     "take at least 32"},
    {"mqar",
     {"task.vocab=16", "task.pairs=8"},
     "`task.pairs` is 8, but `task.vocab` 16 has 7 keys",
     "take at most 7 pairs, or a vocabulary of 18"},
    {"linreg",
     {"loss.type=cross_entropy"},
     "the task is answered with numbers, which have no cross-entropy",
     "set `loss.type` to \"mse\""},
    {"rasp",
     {"task.program=dyck1", "task.symbols=4"},
     "`task.symbols` has no effect while the symbols of `task.program` are brackets",
     "remove it"},
    {"linreg", {"task.length=5"}, "`task.length` has no effect while `task.type` is \"linreg\"", "remove it"},
    {"formal",
     {"trainer.sampling=epochs"},
     "`trainer.sampling` \"epochs\" needs a fixed training set, but the task has none",
     "give `task.train_examples`, or set `trainer.sampling` to \"fresh\""},
    {"linreg",
     {"trainer.sampling=replacement"},
     "`trainer.sampling` \"replacement\" needs a fixed training set, but the task has none",
     "give `task.train_examples`, or set `trainer.sampling` to \"fresh\""},
    {"reverse",
     {"trainer.sampling=replacement", "trainer.epochs=3"},
     "`trainer.epochs` needs passes over the training set, but `trainer.sampling` is \"replacement\"",
     "give `trainer.steps` instead, or set `trainer.sampling` to \"epochs\""},
    {"reverse",
     {"trainer.sampling=replacement", "trainer.batch_size=full"},
     "`trainer.batch_size` is \"full\", but with `trainer.sampling` \"replacement\" there is no full set",
     "give a number, or set `trainer.sampling` to \"epochs\""},
    {"reverse",
     {"trainer.sampling=replacement", "schedule.type=cosine_per_epoch"},
     "`schedule.type` \"cosine_per_epoch\" needs epochs, but `trainer.sampling` is \"replacement\"",
     "give `schedule.epoch_steps`, or set `trainer.sampling` to \"epochs\""},
    {"reverse",
     {"trainer.length_per_batch=true"},
     "`trainer.length_per_batch` has no effect while all examples of the task have one length",
     "remove it, or give `task.length` a range"},
    {"formal",
     {"trainer.curriculum.dimensions.start=2"},
     "`trainer.curriculum.dimensions.start` has no effect while the task has no dimensions",
     "remove it; it belongs to `task.type` \"linreg\""},
    {"linreg",
     {"trainer.curriculum.dimensions.by=2"},
     "`trainer.curriculum.dimensions.by` has no effect while `trainer.curriculum.dimensions.start` is not given",
     "give the start, or remove `trainer.curriculum.dimensions`"},
    {"linreg",
     {"trainer.curriculum.dimensions={\"start\": 5, \"end\": 21}"},
     "`trainer.curriculum.dimensions.end` is 21, but the task has at most 20",
     "take at most 20"},
    {"formal",
     {"trainer.curriculum.length={\"start\": 9, \"end\": 8}"},
     "`trainer.curriculum.length.start` 9 is more than `trainer.curriculum.length.end` 8",
     "it can only grow: exchange them"},
    {"formal",
     {"trainer.curriculum.length.start=5", "trainer.length_per_batch=true"},
     "`trainer.length_per_batch` and `trainer.curriculum.length` both give the length of a batch",
     "keep one of them"},
};

}  // namespace

TEST_CASE("what a task cannot be is said before anything runs") {
  for (const Wrong& wrong : kWrongTasks) {
    const std::string message = problems_of(wrong.task, wrong.overrides);
    INFO(wrong.task << " " << wrong.overrides.front() << "\n" << message);
    CHECK(message.find("error: " + wrong.what + "\n") == 0);
    CHECK(message.find("help: " + wrong.help) != std::string::npos);
    CHECK(message.find("error:", 1) == std::string::npos);
  }
}

TEST_CASE("a copy may be as short as its first symbol leaves something to copy") {
  CHECK(problems_of("copy", {"task.first=1", "task.length=2", "task.eval.lengths=[2, 5]"}) == "");
  CHECK(problems_of("copy", {"task.length=1", "task.eval.lengths=[1]"}) == "");
}

TEST_CASE("each task by itself is a config, with the sizes of its reference") {
  const Config recall = config_of("recall");
  CHECK(recall.model.arch == Arch::kDecoder);
  CHECK(recall.task.symbols == 18);
  CHECK(recall.task.length.max == 40);
  CHECK(recall.task.train_examples == 5000);
  CHECK(recall.task.eval.examples == 500);
  CHECK(recall.trainer.sampling == Sampling::kEpochs);
  CHECK(recall.model.max_len == 42);
  CHECK(config_of("recall", {"task.variant=induction_head"}).model.max_len == 31);
  const Config mqar = config_of("mqar");
  CHECK(mqar.model.max_len == 64);
  CHECK(mqar.task.mqar.random_non_queries);
  CHECK(problems_of("mqar", {"model.arch=encoder"}) == "");
  const Config hist = config_of("rasp");
  CHECK(hist.model.arch == Arch::kEncoder);
  CHECK(hist.model.max_len == 8);
  CHECK(config_of("rasp", {"task.program=sort"}).model.max_len == 8);
  const Config dyck = config_of("rasp", {"task.program=dyck2"});
  CHECK(dyck.model.max_len == 16);
  CHECK(dyck.task.length.min == 15);
  CHECK(dyck.task.symbols == 0);
  const Config formal = config_of("formal", {"task.problem=duplicate", "task.eval.lengths=[41, 100]"});
  CHECK(formal.trainer.sampling == Sampling::kFresh);
  CHECK(formal.task.length.min == 1);
  CHECK(formal.task.length.max == 40);
  CHECK(formal.model.max_len == 300);
  const Config linreg = config_of("linreg");
  CHECK(linreg.loss.type == LossType::kMse);
  CHECK(linreg.task.linreg.dimensions == 20);
  CHECK(linreg.model.max_len == 82);
  CHECK_FALSE(linreg.task.train_examples);
  // A task of another kind keeps nothing of it.
  CHECK(config_of("reverse").task.mqar.vocab == 0);
}

TEST_CASE("a resolved config of each task says the same again") {
  for (const auto& [task, overrides] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"recall", {}},
           {"mqar", {"trainer.sampling=replacement"}},
           {"rasp", {}},
           {"rasp", {"task.program=dyck1"}},
           {"formal", {"trainer.length_per_batch=true"}},
           {"formal", {"trainer.curriculum.length.start=3"}},
           {"linreg", {"trainer.curriculum={\"dimensions\": {\"start\": 5}, \"length\": {\"start\": 11, \"by\": 2}}"}},
           {"linreg", {"task.noise=0.5", "task.train_examples=1000"}}}) {
    INFO(task);
    const std::string resolved = to_json(config_of(task, overrides)).dump();
    INFO(resolved);
    REQUIRE(problems(resolved) == "");
    CHECK(to_json(read_text(resolved)).dump() == resolved);
  }
}

TEST_CASE("a curriculum ends at the largest size of the task unless it says so") {
  const Config config = config_of("linreg", {"trainer.curriculum.dimensions.start=5",
                                             "trainer.curriculum.length={\"start\": 11, \"by\": 2, \"every\": 7}"});
  const CurriculumConfig& curriculum = config.trainer.curriculum;
  CHECK(curriculum.dimensions.start == 5);
  CHECK(curriculum.dimensions.end == 20);
  CHECK(curriculum.dimensions.by == 1);
  CHECK(curriculum.dimensions.every == 2000);
  CHECK(curriculum.length.end == 41);
  CHECK(curriculum.length.every == 7);
  CHECK(config_of("formal", {"trainer.curriculum.length.start=5"}).trainer.curriculum.length.end == 40);
}
