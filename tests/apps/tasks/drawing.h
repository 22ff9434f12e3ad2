#pragma once

#include <cmath>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/tasks/task.h"
#include "core/error.h"

namespace headlight::testing {

inline Example drawn(const Task& task, Split split, std::uint64_t index, std::optional<std::size_t> length = {}) {
  Example made;
  task.example({.split = split, .index = index, .length = length}, made);
  return made;
}

/// The first `count` examples of a split.
inline std::vector<Example> drawn_many(const Task& task, Split split, std::uint64_t count) {
  std::vector<Example> many;
  many.reserve(count);
  for (std::uint64_t index = 0; index < count; ++index) many.push_back(drawn(task, split, index));
  return many;
}

inline std::set<std::vector<std::int32_t>> inputs_of(const std::vector<Example>& examples) {
  std::set<std::vector<std::int32_t>> inputs;
  for (const Example& example : examples) inputs.insert(example.input);
  return inputs;
}

/// How many inputs two sets share.
inline std::size_t shared(const std::vector<Example>& one, const std::vector<Example>& other) {
  const std::set<std::vector<std::int32_t>> theirs = inputs_of(other);
  std::size_t count = 0;
  for (const std::vector<std::int32_t>& input : inputs_of(one)) count += theirs.count(input);
  return count;
}

inline std::vector<std::size_t> keys_of(const Task& task, const Example& example, std::size_t query) {
  std::vector<std::size_t> keys;
  task.right_keys(0, example, query, keys);
  return keys;
}

/// Whether each count is within five standard deviations of what equal chances give: of a fair source one count is not
/// with probability 6e-7.
inline void check_uniform(const std::vector<double>& counts) {
  double total = 0;
  for (const double count : counts) total += count;
  const double share = 1 / static_cast<double>(counts.size());
  const double bound = 5 * std::sqrt(total * share * (1 - share));
  for (const double count : counts) CHECK(std::abs(count - total * share) < bound);
}

/// The same for one event of this probability.
inline void check_share(double count, double total, double probability) {
  CHECK(std::abs(count - total * probability) < 5 * std::sqrt(total * probability * (1 - probability)));
}

/// Every id of the input has a text of its own, without blanks.
inline void check_texts(const Task& task) {
  std::set<std::string> texts;
  const auto ids = static_cast<std::int32_t>(task.shape().vocabulary);
  for (std::int32_t id = 0; id < ids; ++id) {
    const std::string text = task.token_text(id);
    CHECK(text.find(' ') == std::string::npos);
    CHECK_FALSE(text.empty());
    texts.insert(text);
  }
  CHECK(texts.size() == task.shape().vocabulary);
}

/// An example is what its place says, whatever was made before; the held-out set does not move with the training seed.
/// `make(train, eval)` builds the task with these seeds.
template <class Make>
void check_determinism(const Make& make) {
  const auto task = make(3, 5);
  const auto same = make(3, 5);
  const auto other = make(4, 5);
  const Example late = drawn(task, Split::train, 41);
  drawn(same, Split::eval, 0);
  CHECK(drawn(same, Split::train, 41) == late);
  CHECK(drawn_many(task, Split::train, 20) != drawn_many(task, Split::eval, 20));
  CHECK(drawn_many(other, Split::train, 20) != drawn_many(task, Split::train, 20));
  CHECK(drawn_many(other, Split::eval, 20) == drawn_many(task, Split::eval, 20));
  CHECK(drawn_many(make(3, 6), Split::eval, 20) != drawn_many(task, Split::eval, 20));
  CHECK_THROWS_AS(drawn(task, Split::eval, *task.examples(Split::eval)), ConfigError);
}

}  // namespace headlight::testing
