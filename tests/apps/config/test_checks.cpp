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
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 99, "eval_every": 100, )"
     R"("stop_when": {"metric": "eval/loss", "at_most": 1}}})",
     "`trainer.stop_when` needs 1 evaluation, but a run of 99 updates with one every 100 has 0", "\"eval/loss\"",
     "take a `trainer.eval_every` of at most 99, or at least 100 updates, or no goal (trainer.stop_when=null)"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 99, "eval_every": 34, )"
     R"("stop_when": {"metric": "eval/tok_acc", "at_least": 1, "times": 3}}})",
     "`trainer.stop_when` needs 3 evaluations in a row, but a run of 99 updates with one every 34 has 2", "3}",
     "take a `trainer.eval_every` of at most 33, or at least 102 updates, or no goal (trainer.stop_when=null)"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9, "eval_every": 2, )"
     R"("stop_when": {"metric": "eval/loss", "at_most": 1, "times": 10}}})",
     "`trainer.stop_when` needs 10 evaluations in a row, but a run of 9 updates with one every 2 has 4", "10}",
     "lower `trainer.stop_when.times`, or at least 20 updates, or no goal (trainer.stop_when=null)"},
    // 50 examples in batches of 10, twice: 10 updates.
    {R"({"task": {"type": "reverse", "train_examples": 50}, "trainer": {"epochs": 2, "batch_size": 10, )"
     R"("eval_every": 6, "stop_when": {"metric": "eval/loss", "at_most": 1, "times": 2}}})",
     "`trainer.stop_when` needs 2 evaluations in a row, but a run of 10 updates with one every 6 has 1", "2}",
     "take a `trainer.eval_every` of at most 5, or at least 12 updates, or no goal (trainer.stop_when=null)"},
    {R"({"task": {"type": "linreg"}, "trainer": {"steps": 900, "stop_when": {"metric": "eval/tok_acc", "at_least": 1}}})",
     "`trainer.stop_when.metric` is an accuracy, but the task is answered with numbers, of which none is right or "
     "wrong",
     "\"eval/tok_acc\"", "take \"eval/loss\""},
    {R"({"task": {"type": "linreg"}, "trainer": {"steps": 9, "checkpoint": {"best": "eval/seq_acc"}}})",
     "`trainer.checkpoint.best` is an accuracy, but the task is answered with numbers, of which none is right or wrong",
     "\"eval/seq_acc\"", "take \"eval/loss\""},
    {R"({"task": {"type": "jsonl", "train_file": "a", "split": 0.5, "predict": "last", "input": {"kind": "chars"}, )"
     R"("target": {"kind": "value"}}, "loss": {"type": "mse"}, )"
     R"("trainer": {"steps": 9, "checkpoint": {"best": "eval/tok_acc"}}})",
     "`trainer.checkpoint.best` is an accuracy, but the task is answered with numbers, of which none is right or wrong",
     "\"eval/tok_acc\"", "take \"eval/loss\""},
    {R"({"task": {"type": "jsonl", "train_file": "a", "split": 0.5, "predict": "every", "input": {"kind": "chars"}, )"
     R"("target": {"kind": "vectors"}}, "loss": {"type": "mse"}, )"
     R"("trainer": {"steps": 900, "stop_when": {"metric": "eval/seq_acc", "at_least": 1}}})",
     "`trainer.stop_when.metric` is an accuracy, but the task is answered with numbers, of which none is right or "
     "wrong",
     "\"eval/seq_acc\"", "take \"eval/loss\""},
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
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"model":{"arch":"encoder"},"probes":{"record":["dec.self"]}})",
     "a model of this `model.arch` has no attention \"dec.self\" to record", "[\"dec.self\"]",
     "an encoder has enc.self alone"},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"model":{"arch":"decoder"},)"
     R"("probes":{"record":["dec.self","dec.cross"]}})",
     "a model of this `model.arch` has no attention \"dec.cross\" to record", "[\"dec.self\"",
     "a decoder has dec.self alone"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "probes": {"record": []}})",
     "`probes.record` is empty, so that no map of the probes would be kept", "[]",
     "name what shall be kept: an encoder has enc.self alone; to keep nothing, set `snapshots.schedule` to \"none\""},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "heads": {"examples": 0, "ablation": "mean"}})",
     "`heads.ablation` has no effect while `heads.examples` is 0, so that none is measured", "\"ablation\"",
     "remove it, or raise `heads.examples`"},
    {R"({"task": {"type": "reverse"}, "trainer": {"steps": 9}, "heads": {"every": 5, "examples": 0}})",
     "`heads.every` has no effect while `heads.examples` is 0, so that none is measured", "\"every\"",
     "remove it, or raise `heads.examples`"},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"probes":{"random":0},"logging":{"tensorboard_images":true}})",
     "`logging.tensorboard_images` has no effect while there is no probe to draw", "true",
     "remove it, or give `probes.inputs` or a `probes.random` of at least 1"},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"snapshots":{"schedule":"none"},)"
     R"("logging":{"tensorboard_images":true}})",
     "`logging.tensorboard_images` has no effect while `snapshots.schedule` is \"none\"", "true",
     "remove it, or take snapshots: \"log\" or \"linear\""},
    {R"({"task":{"type":"reverse"},"trainer":{"steps":9},"logging":{"tensorboard":false,"tensorboard_images":true}})",
     "`logging.tensorboard_images` has no effect while `logging.tensorboard` is false", "true",
     "remove it, or set `logging.tensorboard` to true"},
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
        R"("schedule": {"warmup_steps": 1000, "type": "noam"})", R"("optimizer": {"type": "muon", "momentum": 0})",
        // All three stand for what there is: the resolved config has them.
        R"("probes": {"record": ["dec.cross", "enc.self", "dec.self"]})", R"("probes": {"record": ["enc.self"]})",
        R"("model": {"arch": "decoder"}, "probes": {"record": ["dec.self"]})",
        R"("model": {"arch": "encoder-decoder"}, "probes": {"record": ["dec.cross"]})", R"("heads": {"examples": 0})",
        R"("probes": {"random": 0}, "logging": {"tensorboard_images": false})",
        R"("probes": {"random": 0, "inputs": ["0 1"]}, "logging": {"tensorboard_images": true})"}) {
    INFO(keys);
    CHECK(problems(with(keys)) == "");
  }
  CHECK(
      problems(R"({"task": {"type": "reverse", "train_examples": 64}, "trainer": {"epochs": 1, "batch_size": 64}})") ==
      "");
  // Three evaluations in 99 updates; how many an epoch of a file has is not known yet.
  for (const char* text :
       {R"({"task": {"type": "reverse"}, "trainer": {"steps": 99, "eval_every": 33, )"
        R"("stop_when": {"metric": "eval/loss", "at_most": 1, "times": 3}}})",
        R"({"task": {"type": "text", "path": "a"}, "model": {"arch": "decoder", "max_len": 8}, )"
        R"("trainer": {"epochs": 1, "eval_every": 99, )"
        R"("sampling": "epochs", "stop_when": {"metric": "eval/loss", "at_most": 1}}})",
        R"({"task": {"type": "linreg"}, "trainer": {"steps": 500, "checkpoint": {"best": "eval/loss"}, )"
        R"("stop_when": {"metric": "eval/loss", "at_most": 1}}})",
        // Squared error of classes: some are right.
        R"({"task": {"type": "reverse"}, "loss": {"type": "mse"}, )"
        R"("trainer": {"steps": 500, "checkpoint": {"best": "eval/seq_acc"}}})"}) {
    INFO(text);
    CHECK(problems(text) == "");
  }
  // An encoder's batch statistics are over its positions too.
  CHECK(problems(R"({"task": {"type": "reverse"}, "trainer": {"steps": 9, "batch_size": 1}, "model": {"norm_type":
  "batch"}})") == "");
}

TEST_CASE("a rule keeps quiet about a key that is wrong in itself") {
  const std::string text = problems(with(R"("model": {"d_model": 30, "heads": "four"})"));
  CHECK(text.find("`model.heads` must be an integer") != std::string::npos);
  CHECK(text.find("multiple") == std::string::npos);
}
