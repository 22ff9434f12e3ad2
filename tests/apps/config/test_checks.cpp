#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/apps/config/reading.h"

using namespace headlight;
using namespace headlight::config;

namespace {

struct Together {
  const char* text;
  const char* what;
  const char* shown;  // the text at the caret
  const char* help;
};

// Values that are right alone and wrong together. The numbers in the help follow by hand from those in the text.
const std::vector<Together> kWrong = {
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "model": {"d_model": 30, "heads": 4}})",
     "`model.d_model` is 30, not a multiple of `model.heads`, 4", "30",
     "take a `d_model` of 28 or 32, or 3 or 5 heads, or give `model.head_dim`"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "model": {"heads": 5}})",
     "`model.d_model` is 64, not a multiple of `model.heads`, 5", "5}",
     "take a `d_model` of 60 or 65, or 4 or 8 heads, or give `model.head_dim`"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "model": {"d_model": 3}})",
     "`model.d_model` is 3, not a multiple of `model.heads`, 4", "3}",
     "take a `d_model` of 4, or 3 heads, or give `model.head_dim`"},
    {R"({"task": {"type": "reverse", "length": 20}, "trainer": {"steps": 9}, "model": {"max_len": 16}})",
     "the task needs 20 positions, but `model.max_len` is 16", "16",
     "set `model.max_len` to at least 20, or shorten the task"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "schedule": {"warmup_steps": 10}})",
     "`schedule.warmup_steps` is 10, but the run has 9", "10", "warm up for at most 9 steps"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "schedule": {"warmup_steps": 9, "type": "cosine"}})",
     "`schedule.warmup_steps` is 9, but the run has 9", "9, ", "leave steps for the decay: at most 8"},
    {R"({"task": {"type":"reverse"}, "trainer":{"steps":9},"schedule":{"warmup_steps":7, "type":"linear", "steps":5}})",
     "`schedule.warmup_steps` is 7, but `schedule.steps` is 5", "7, ", "leave steps for the decay: at most 4"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "optimizer": {"type": "sgd", "nesterov": true}})",
     "`optimizer.nesterov` has no effect while `optimizer.momentum` is 0", "true",
     "give a momentum such as 0.9, or remove `nesterov`"},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"schedule":{"warmup_steps":5, "type":"wsd","decay_steps":6}})",
     "`schedule.warmup_steps` 5 and `schedule.decay_steps` 6 are more than the 9 steps of the schedule", "5, ",
     "warm up and decay within the schedule"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "schedule": {"type": "noam"}})",
     "`schedule.type` \"noam\" needs a warm-up, but `schedule.warmup_steps` is 0", "\"noam\"",
     "give `schedule.warmup_steps`, such as 400"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "schedule": {"type": "inverse_sqrt"}})",
     "`schedule.type` \"inverse_sqrt\" needs a warm-up, but `schedule.warmup_steps` is 0", "\"inverse_sqrt\"",
     "give `schedule.warmup_steps`, such as 400"},
    {R"({"task":{"type":"reverse"}, "trainer":{"steps":9,"sampling":"fresh"}, "schedule":{"type":"cosine_per_epoch"}})",
     "`schedule.type` \"cosine_per_epoch\" needs epochs, but `trainer.sampling` is \"fresh\"", "\"cosine_per_epoch\"",
     "give `schedule.epoch_steps`, or set `trainer.sampling` to \"epochs\""},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},)"
     R"("optimizer":{"ema":0.5, "groups":[{"match":"*","type":"schedule_free"}]}})",
     "`optimizer.ema` beside a group of type \"schedule_free\", which averages its weights itself", "0.5",
     "remove `ema`, or give the group another type"},
    {R"({"task": {"type":"reverse"}, "trainer":{"steps":9}, "optimizer":{"type":"muon","momentum":0,"nesterov":true}})",
     "`optimizer.nesterov` has no effect while `optimizer.momentum` is 0", "true",
     "give a momentum such as 0.9, or remove `nesterov`"},
    {R"({"task": {"type": "reverse", "train_examples": 5}, "trainer": {"steps": 9, "sampling": "fresh"}})",
     "`task.train_examples` has no effect while `trainer.sampling` is \"fresh\"", "5}",
     "remove it, or set `trainer.sampling` to \"epochs\""},
    {R"({"task": {"type": "reverse"}, "trainer": {"epochs": 9, "sampling": "fresh"}})",
     "`trainer.epochs` needs a fixed training set, but `trainer.sampling` is \"fresh\"", "9, ",
     "give `trainer.steps` instead, or set `trainer.sampling` to \"epochs\""},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9, "sampling": "fresh", "batch_size": "full"}})",
     "`trainer.batch_size` is \"full\", but with `trainer.sampling` \"fresh\" there is no full set", "\"full\"",
     "give a number, or set `trainer.sampling` to \"epochs\""},
    {R"({"task": {"type": "reverse", "train_examples": 50}, "trainer": {"epochs": 9}})",
     "`trainer.batch_size` is 64, but the training set holds 50 examples", "50}",
     "take at most 50, or \"full\", or raise `task.train_examples`"},
    {R"({"task": {"type": "reverse", "eval": {"examples": 10}}, "trainer": {"steps": 9, "eval_examples": 11}})",
     "`trainer.eval_examples` is 11, but the evaluation set holds 10 examples", "11}",
     "take at most 10, or raise `task.eval.examples`"},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9,"batch_size":1},"model":{"arch":"decoder","norm_type":"batch"}})",
     "batch norm in a causal model takes its statistics over the members of a batch, but a batch has one", "\"batch\"",
     "take a `trainer.batch_size` of at least 2, or another `model.norm_type`"},
    {R"({"task": {"type": "reverse", "train_examples": 9}, "trainer": {"epochs": 1, "batch_size": 4}, )"
     R"("model": {"arch": "decoder", "norm_type": "batch"}})",
     "batch norm in a causal model takes its statistics over the members of a batch, but the last batch of an epoch "
     "has one",
     "\"batch\"", "set `trainer.drop_last` to true, or take another `trainer.batch_size`"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9, "sampling": "fresh", "drop_last": true}})",
     "`trainer.drop_last` has no effect while `trainer.sampling` is \"fresh\"", "\"drop_last\"",
     "remove it; it belongs to \"epochs\""},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"model":{"positions":"rope","attention":{"score":"bilinear"}}})",
     "positions \"rope\" have no meaning with `model.attention.score` \"bilinear\": only in dot products and distances "
     "do "
     "the rotations of query and key combine to one",
     "\"bilinear\"", "take another score, such as \"scaled_dot\", or `model.positions` \"alibi\" or \"relative\""},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"model":{"positions":"rope","attention":{"score":"additive"}}})",
     "positions \"rope\" have no meaning with `model.attention.score` \"additive\": only in dot products and distances "
     "do "
     "the rotations of query and key combine to one",
     "\"additive\"", "take another score, such as \"scaled_dot\", or `model.positions` \"alibi\" or \"relative\""},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"model":{"attention":{"score":"cosine","qk_norm":true}}})",
     "`model.attention.qk_norm` has no meaning with `model.attention.score` \"cosine\", which normalises queries and "
     "keys "
     "itself",
     "\"cosine\"", "remove `qk_norm`, or take `score` \"dot\""},
};

}  // namespace

TEST_CASE("values that do not fit together are named with what would fit") {
  for (const Together& wrong : kWrong) {
    INFO(wrong.text);
    const std::string text = problems(wrong.text);
    INFO(text);
    const std::size_t column = std::string(wrong.text).rfind(wrong.shown) + 1;
    CHECK(text.find("error: " + std::string(wrong.what) + "\n  --> a.json:1:" + std::to_string(column) + "\n") == 0);
    CHECK(text.find("help: " + std::string(wrong.help) + "\n") != std::string::npos);
    CHECK(text.find("error:", 1) == std::string::npos);
  }
}

TEST_CASE("values at the edge fit together") {
  for (const char* keys :
       {R"("model": {"d_model": 30, "heads": 4, "head_dim": 5})", R"("schedule": {"warmup_steps": 100})",
        R"("schedule": {"warmup_steps": 99, "type": "cosine"})",
        R"("schedule": {"warmup_steps": 100, "type": "cosine_times_warmup"})",
        R"("schedule": {"warmup_steps": 70, "type": "wsd", "decay_steps": 30})",
        R"("model": {"positions": "rope", "attention": {"score": "l2"}})",
        R"("model": {"positions": "rope", "attention": {"score": "cosine"}})",
        R"("model": {"attention": {"score": "dot", "qk_norm": true}})",
        R"("schedule": {"warmup_steps": 1000, "type": "noam"})", R"("optimizer": {"type": "muon", "momentum": 0})"}) {
    INFO(keys);
    CHECK(problems(with(keys)) == "");
  }
  CHECK(
      problems(R"({"task": {"type": "reverse", "train_examples": 64}, "trainer": {"epochs": 1, "batch_size": 64}})") ==
      "");
  // An encoder's batch statistics are over its positions too.
  CHECK(problems(R"({"task": {"type": "reverse"}, "trainer": {"steps": 9, "batch_size": 1}, "model": {"norm_type":
  "batch"}})") == "");
}

TEST_CASE("a rule keeps quiet about a key that is wrong in itself") {
  const std::string text = problems(with(R"("model": {"d_model": 30, "heads": "four"})"));
  CHECK(text.find("`model.heads` must be an integer") != std::string::npos);
  CHECK(text.find("multiple") == std::string::npos);
}
