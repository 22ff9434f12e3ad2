#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "apps/config/suggest.h"

using namespace headlight;
using namespace headlight::config;
using namespace headlight::config::schema;

TEST_CASE("edit distance counts single edits and swaps, in code points") {
  // By hand: the classic pairs of the literature, a swap, and two-byte letters.
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("flaw", "lawn") == 2);
  CHECK(edit_distance("setps", "steps") == 1);
  CHECK(edit_distance("ca", "abc") == 3);  // the restricted distance: no edit between swapped letters
  CHECK(edit_distance("gr\xC3\xB6\xC3\x9F\x65", "grosse") == 3);
}

TEST_CASE("a word is near within three edits and a third of its length") {
  CHECK(is_near("headss", "heads"));
  CHECK(is_near("n_heads", "heads"));  // 2 of 7
  CHECK(is_near("scle_embedings", "scale_embeddings"));
  CHECK_FALSE(is_near("xheadsx", "hed"));  // 4 edits
  CHECK_FALSE(is_near("lx", "lr"));        // 1 of 2 is more than a third
  CHECK_FALSE(is_near("abcdefghijkl", "abcdefghxxxx"));
  CHECK_FALSE(is_near(std::string(5000, 'a'), "aaa"));
}

TEST_CASE("suggestions come in their order: another tool, another section, a like name, all names") {
  const Branch& model = *find_branch("model");
  const Branch& optimizer = *find_branch("optimizer");
  // `dim` is one edit from nothing here, but another tool's name.
  CHECK(suggest_key("dim", model) == "`dim` is called `d_model` here");
  CHECK(suggest_key("n_embd", model) == "`n_embd` is called `d_model` here");
  CHECK(suggest_key("hidden_size", model) == "`hidden_size` is called `d_model` here");
  CHECK(suggest_key("max_iters", optimizer) == "`max_iters` is called `trainer.steps` here");
  CHECK(suggest_key("learning_rate", optimizer) == "`learning_rate` is called `lr` here");
  // Another tool's name comes before a similar one: `dropout_p` is two edits from `dropout`.
  CHECK(suggest_key("dropout_p", model) == "`dropout_p` is called `dropout` here");
  // Another section comes before a similar name: `head` is one edit from nothing in `optimizer`, `eps` far from all.
  CHECK(suggest_key("eps", model) == "`eps` belongs under `optimizer`");
  CHECK(suggest_key("steps", optimizer) == "`steps` belongs under `schedule` or `trainer`");
  CHECK(suggest_key("seed", model) == "`seed` belongs under the top level or `task.eval` or `probes`");
  CHECK(suggest_key("layer", model) == "`layer` is called `layers` here");
  CHECK(suggest_key("weight_decya", optimizer) == "a key with a similar name exists: `weight_decay`");
  CHECK(suggest_key("zebra", *find_branch("logging")) ==
        "`logging` knows: `jsonl`, `tensorboard`, `tensorboard_images`");
  CHECK(suggest_key("trainr", tree()) == "a key with a similar name exists: `trainer`");
  CHECK(suggest_key("zebra", tree()) ==
        "the config knows: `format`, `name`, `seed`, `compat`, `task`, `model`, `loss`, `optimizer`, `schedule`, "
        "`trainer`, `probes`, `snapshots`, `heads`, `logging`, `output`");
}

TEST_CASE("dashes and capitals do not hide a known word") {
  CHECK(suggest_key("weight-decay", *find_branch("optimizer")) == "it is written `weight_decay`");
  CHECK(suggest_key("dModel", *find_branch("model")) == "it is written `d_model`");
  CHECK(suggest_key("numHeads", *find_branch("model")) == "`numHeads` is called `heads` here");
  CHECK(suggest_key("max-iters", tree()) == "`max-iters` is called `trainer.steps` here");
}

TEST_CASE("choices are suggested by nearness, by case and by other tools' words") {
  const Type& activation = find_branch("model.activation")->key->type;
  const std::string all =
      "the choices are \"relu\", \"gelu\", \"gelu_tanh\", \"silu\", \"tanh\", \"swiglu\", \"geglu\"";
  CHECK(suggest_choice("swish", activation) == "did you mean \"silu\"? " + all);
  CHECK(suggest_choice("ReLU", activation) == "did you mean \"relu\"? " + all);
  CHECK(suggest_choice("rleu", activation) == "did you mean \"relu\"? " + all);
  CHECK(suggest_choice("gelu-tanh", activation) == "did you mean \"gelu_tanh\"? " + all);
  CHECK(suggest_choice("maxout", activation) == all);
}

TEST_CASE("every name of another tool leads to a key that exists, and is none itself") {
  std::set<std::string> seen;
  for (const auto& [theirs, ours] : names_of_other_tools()) {
    INFO(theirs << " -> " << ours);
    CHECK(find_branch(ours) != nullptr);
    CHECK(seen.insert(theirs).second);
    // A name that is a key of the same object would never be looked up.
    const Branch* target = find_branch(ours);
    if (target != nullptr) CHECK(target->parent->find(theirs) == nullptr);
  }
}
