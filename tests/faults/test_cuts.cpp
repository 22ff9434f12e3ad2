// A run that is cut at any moment, and resumed, ends with the bytes of one that was not cut.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/random.h"
#include "tests/apps/headlight/cli_testing.h"
#include "tests/faults/note.h"

using namespace headlight::testing;
using headlight::Random;

namespace {

using Words = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

constexpr int kCuts = 6;
constexpr int kWarmUp = 3;  // of those that warm up, so that the shortest run has room for it

struct Subject {
  const char* config;
  int steps;   ///< a second or two of work, with some checkpoints in it
  Words more;  ///< what makes a step of the larger ones short
};

/// All kinds of models, of batches and of data that the shipped configs have.
const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all = {
      {"reverse", 300, {}},
      {"copy-quick", 40, {"model.d_ff=128"}},
      {"sort", 150, {}},
      {"addition", 30, {"trainer.batch_size=64"}},
      {"modular", 20, {"task.p=23"}},
      {"induction", 30, {"trainer.batch_size=16"}},
      {"recall", 150, {}},
      {"mqar", 40, {"task.train_examples=1000"}},
      {"rasp", 40, {"trainer.batch_size=64"}},
      {"formal", 40, {"trainer.batch_size=32"}},
      {"linreg", 60, {}},
      {"jsonl", 60, {}},
  };
  return all;
}

std::string config_file(const Subject& subject) {
  return fmt::format(HEADLIGHT_SOURCE_DIR "/data/configs/{}.json", subject.config);
}

Words train_words(const Subject& subject, const std::string& run, int threads) {
  Words words = {"train",
                 config_file(subject),
                 "--run-dir",
                 run,
                 "--threads",
                 std::to_string(threads),
                 "trainer.log_every=3",
                 fmt::format("trainer.eval_every={}", subject.steps / 6),
                 "trainer.eval_examples=16",
                 fmt::format("trainer.checkpoint.every={}", subject.steps / 8),
                 "trainer.checkpoint.keep=30",
                 "trainer.checkpoint.best=eval/loss",
                 fmt::format("heads.every={}", subject.steps / 5),
                 "heads.examples=16"};
  words.insert(words.end(), subject.more.begin(), subject.more.end());
  return words;
}

/// `schedule.steps` keeps the rates of a run that is first made shorter, where they depend on its length.
void add_steps(Words& words, const Subject& subject, int steps) {
  words.push_back(fmt::format("trainer.steps={}", steps));
  const auto config = nlohmann::json::parse(slurp(config_file(subject)), nullptr, true, true);
  const std::string type = config.value("/schedule/type"_json_pointer, "constant");
  if (type.starts_with("cosine") || type == "linear") {
    words.push_back(fmt::format("schedule.steps={}", subject.steps));
  }
  if (config.contains("/schedule/warmup_steps"_json_pointer)) {
    words.push_back(fmt::format("schedule.warmup_steps={}", kWarmUp));
  }
}

std::string checkpoint(const std::string& run, int step) {
  return fmt::format("{}/checkpoints/step-{:08}/", run, step);
}

/// Trains to a step before the last one, where that run ends, and goes on from there.
void end_and_resume(const Subject& subject, const std::string& run, int threads, double share) {
  Words words = train_words(subject, run, threads);
  add_steps(words, subject, kWarmUp + 1 + static_cast<int>(share * (subject.steps - kWarmUp - 1)));
  REQUIRE(run_headlight(words).status == 0);
  // The report of the end is of all held-out examples, and has no place in a run that goes on.
  const Finished longer = run_headlight({"resume", run, fmt::format("trainer.steps={}", subject.steps)});
  INFO(longer.err);
  REQUIRE(longer.status == 0);
}

/// Trains until the signal, and resumes to the end. Returns whether the signal came before the end.
bool cut_and_resume(const Subject& subject, const std::string& run, int threads, int signal, Clock::duration wait) {
  Words words = train_words(subject, run, threads);
  add_steps(words, subject, subject.steps);
  Process process(words);
  process.wait_for("step");  // from here on there is a run to resume
  std::this_thread::sleep_for(wait);
  process.signal(signal);
  const Finished stopped = process.finish();
  const Finished resumed = run_headlight({"resume", run, "--threads", std::to_string(3 - threads)});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  return stopped.status != 0;
}

/// Trains to the end, goes back to a checkpoint, is killed on the way, and resumed. Returns whether the signal came before
/// the end.
bool go_back_and_resume(const Subject& subject, const std::string& run, int threads, int back, Clock::duration wait) {
  Words words = train_words(subject, run, threads);
  add_steps(words, subject, subject.steps);
  REQUIRE(run_headlight(words).status == 0);
  Process process({"resume", run, "--checkpoint", std::to_string(back)});
  std::this_thread::sleep_for(wait);
  process.signal(SIGKILL);
  const Finished stopped = process.finish();
  // Where the kill came before the run had begun to go back, it still stands at its end.
  const Finished resumed = run_headlight({"resume", run, "--threads", std::to_string(3 - threads)});
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
  return stopped.status != 0;
}

}  // namespace

TEST_CASE("cuts: a run that was cut at a random moment ends with the bytes of one that was not") {
  Random random({.seed = 2024, .stream = headlight::stream_id("faults.cuts")});
  std::map<int, int> sent;
  std::map<int, int> in_time;
  int all = 0;
  for (const Subject& subject : subjects()) {
    const TemporaryDirectory place;
    const std::string uncut = (place / "uncut").string();
    Words words = train_words(subject, uncut, 1);
    add_steps(words, subject, subject.steps);
    const auto begin = Clock::now();
    const Finished finished = run_headlight(words);
    INFO(subject.config << "\n" << finished.err);
    REQUIRE(finished.status == 0);
    const Clock::duration whole = Clock::now() - begin;
    for (const int threads : {1, 2}) {
      for (int i = 0; i < kCuts; ++i) {
        const double share = random.uniform();
        const std::string run = (place / fmt::format("cut-{}-{}", threads, i)).string();
        INFO("threads " << threads << ", cut " << i << ", after " << share);
        if (i == kCuts - 1) {
          end_and_resume(subject, run, threads, share);
        } else if (i == kCuts - 2) {
          // Back to the middle; the rest of the run takes half of the time, and a little more.
          const int back = subject.steps / 8 * 4;
          const auto wait = std::chrono::duration_cast<Clock::duration>(whole * share * 0.6);
          ++sent[SIGKILL];
          in_time[SIGKILL] += go_back_and_resume(subject, run, threads, back, wait) ? 1 : 0;
        } else {
          const int signal = i % 2 == 0 ? SIGKILL : SIGINT;
          const auto wait = std::chrono::duration_cast<Clock::duration>(whole * share);
          ++sent[signal];
          in_time[signal] += cut_and_resume(subject, run, threads, signal, wait) ? 1 : 0;
        }
        ++all;
        for (const char* file : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
          INFO(file);
          CHECK((slurp(checkpoint(run, subject.steps) + file) == slurp(checkpoint(uncut, subject.steps) + file)));
        }
        CHECK(timeless_rows(run) == timeless_rows(uncut));
        check_same_recording(run, uncut);
        for (const char* file : {"/checkpoints/last.txt", "/checkpoints/best.txt"}) {
          INFO(file);
          CHECK(slurp(run + file) == slurp(uncut + file));
        }
      }
    }
    note(fmt::format("cuts: {} cut {} times, with 1 and 2 threads", subject.config, 2 * kCuts));
  }
  note(
      fmt::format("cuts: {} of {} kills and {} of {} interrupts came before the end; each of {} runs has the weights, "
                  "optimiser state, metrics, maps and figures of heads of the one that was not cut",
                  in_time[SIGKILL], sent[SIGKILL], in_time[SIGINT], sent[SIGINT], all));
  // How many come in time is a matter of luck; that none did would make the comparison empty.
  CHECK(in_time[SIGKILL] > 0);
  CHECK(in_time[SIGINT] > 0);
}
