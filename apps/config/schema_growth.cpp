// Keys of what changes from batch to batch: one length for each, and sizes that grow.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

using C = Config;
using Train = TrainerConfig;
using Curriculum = CurriculumConfig;

constexpr std::size_t kUpdatesBetweenGrowths = 2000;

/// The keys of one size that grows: `member` of the curriculum, which `of` says what it is of.
std::vector<Key> rows_of(const std::string& name, GrowthConfig Curriculum::*member, const std::string& of,
                         std::size_t (*largest)(const Config&), const Need& exists) {
  const std::string path = "trainer.curriculum." + name;
  const Need grows =
      need([member](const C& c) { return (c.trainer.curriculum.*member).start.has_value(); },
           fmt::format("`{}.start` is not given", path), fmt::format("give the start, or remove `{}`", path));
  return {
      {.path = path, .type = object(), .doc = of + " of the training examples, growing with the updates"},
      {.path = path + ".start",
       .type = integer(1, kLongest),
       .fallback = absent("it does not grow"),
       .doc = "what it begins with",
       .field = at(&C::trainer, &Train::curriculum, member, &GrowthConfig::start),
       .needs = {exists}},
      {.path = path + ".end",
       .type = integer(1, kLongest),
       .fallback = derived("the largest of the task", [largest](const C& c) { return largest(c); }),
       .doc = "where it stays",
       .field = at(&C::trainer, &Train::curriculum, member, &GrowthConfig::end),
       .needs = {exists, grows}},
      {.path = path + ".by",
       .type = integer(1, kLongest),
       .fallback = is(1),
       .doc = "how much it grows at once",
       .field = at(&C::trainer, &Train::curriculum, member, &GrowthConfig::by),
       .needs = {exists, grows}},
      {.path = path + ".every",
       .type = integer(1, kMostSteps),
       .fallback = is(kUpdatesBetweenGrowths),
       .doc = "updates between two growths",
       .field = at(&C::trainer, &Train::curriculum, member, &GrowthConfig::every),
       .needs = {exists, grows}},
  };
}

std::size_t most_length(const Config& c) {
  return c.task.type == TaskType::kLinreg ? c.task.linreg.points : c.task.length.max;
}

}  // namespace

std::vector<Key> growth_rows() {
  const Need lengths =
      need([](const C& c) { return c.task.type == TaskType::kLinreg || c.task.length.min < c.task.length.max; },
           "all examples of the task have one length", "remove it, or give `task.length` a range");
  const Need range = need([](const C& c) { return c.task.length.min < c.task.length.max; },
                          "all examples of the task have one length", "remove it, or give `task.length` a range");
  const Need dimensions = need([](const C& c) { return c.task.type == TaskType::kLinreg; },
                               "the task has no dimensions", "remove it; it belongs to `task.type` \"linreg\"");
  std::vector<Key> rows{
      {.path = "trainer.length_per_batch",
       .type = boolean(),
       .fallback = is(false),
       .doc = "one length for all sequences of a batch, drawn between `task.length.min` and `task.length.max`; false "
              "draws one for each sequence",
       .field = at(&C::trainer, &Train::length_per_batch),
       .needs = {range}},
      {.path = "trainer.curriculum", .type = object(), .doc = "easy examples first"},
  };
  for (std::vector<Key> part :
       {rows_of("length", &Curriculum::length, "length, or with linreg the points,", most_length, lengths),
        rows_of(
            "dimensions", &Curriculum::dimensions, "dimensions in use",
            [](const Config& c) { return c.task.linreg.dimensions; }, dimensions)}) {
    std::move(part.begin(), part.end(), std::back_inserter(rows));
  }
  return rows;
}

}  // namespace headlight::config::schema
