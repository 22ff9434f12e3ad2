// Figures read off a run: by hand from a few rows and an evaluation.
#include <cmath>

#include <catch2/catch.hpp>

#include "apps/reproduce/measure.h"
#include "core/error.h"

using namespace headlight;
using namespace headlight::reproduce;

namespace {

RunResult run() {
  RunResult made;
  const auto row = [&](std::uint64_t step, Split split, double loss, double accuracy) {
    made.rows.push_back({.step = step, .split = split, .loss = loss, .tok_acc = accuracy, .seq_acc = 0});
  };
  row(0, Split::eval, 4, 0.1);
  row(10, Split::train, 3, 0.2);
  row(40, Split::train, 1, 0.4);
  row(60, Split::train, 0.5, 0.6);
  row(60, Split::eval, 0.75, 0.5);
  row(100, Split::eval, 0.8, 0.9);
  made.generated = "1 2 3\n";
  made.evaluation = R"({"split": "eval", "examples": 9, "loss": 0.25, "tok_acc": 0.5, "seq_acc": 0.125,
    "by_length": {"5": {"tok_acc": 0.9}, "6": {"tok_acc": 0.5}, "7": {"tok_acc": 0.25}},
    "by_position": {"3": {"mse": 0.375}}, "parameters": 10346,
    "heads": {"antidiag": {"mass": 0.97, "argmax": 1}}})";
  return made;
}

}  // namespace

TEST_CASE("figures of a run are these") {
  CHECK(measure("final(loss)", run()) == 0.25);
  CHECK(measure("final(seq_acc)", run()) == 0.125);
  CHECK(measure("lengths(6..100, tok_acc)", run()) == 0.375);
  CHECK(measure("lengths(5..5, tok_acc)", run()) == 0.9);
  CHECK(measure("position(3, mse)", run()) == 0.375);
  CHECK(measure("head(antidiag, mass)", run()) == 0.97);
  CHECK(measure("parameters", run()) == 10346);
  CHECK(measure("generates(1 2 3)", run()) == 1);
  CHECK(measure("generates(1 2)", run()) == 0);
  CHECK(measure("at(eval, loss, 60)", run()) == 0.75);
  // Training rows of steps 11 to 60: one is too old.
  CHECK(measure("at(train, loss, 60)", run()) == 0.75);
  CHECK(measure("first(eval, loss, <1)", run()) == 60);
  CHECK(measure("first(train, loss, <1)", run()) == 60);
  CHECK(measure("first(eval, tok_acc, >0.5)", run()) == 100);
  CHECK(std::isinf(measure("first(eval, loss, <0.1)", run())));
  CHECK(measure("least(eval, loss)", run()) == 0.75);
  CHECK(measure("most( train , tok_acc )", run()) == 0.6);
}

TEST_CASE("what is no measure is refused, and what a run does not have is said") {
  for (const char* name : {"",
                           "final",
                           "final()",
                           "final(weight)",
                           "final(loss",
                           "lengths(4, loss)",
                           "lengths(a..b, loss)",
                           "position(x, mse)",
                           "head(antidiag, loss)",
                           "at(eval, loss)",
                           "at(test, loss, 3)",
                           "at(eval, loss, -5)",
                           "at(eval, loss, 2.5)",
                           "position(-1, mse)",
                           "first(eval, loss, 3)",
                           "first(eval, loss, <x)",
                           "least(eval)",
                           "parameters(1)",
                           "generates()",
                           "speed"}) {
    INFO(name);
    CHECK_THROWS_AS(check_measure(name), ConfigError);
  }
  CHECK_THROWS_AS(measure("final(mse)", run()), StateError);
  CHECK_THROWS_AS(measure("lengths(50..60, tok_acc)", run()), StateError);
  CHECK_THROWS_AS(measure("position(4, mse)", run()), StateError);
  CHECK_THROWS_AS(measure("head(copy, mass)", run()), StateError);
  CHECK_THROWS_AS(measure("at(eval, loss, 61)", run()), StateError);
  CHECK_THROWS_AS(measure("least(eval, loss)", RunResult{}), StateError);
  CHECK_THROWS_AS(measure("generates(1)", RunResult{}), StateError);
}
