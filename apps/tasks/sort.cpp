#include "apps/tasks/sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"

namespace headlight {
namespace {

/// With more inputs than this, a share of 0.01 leaves no split empty: 0.99^4096 is 1e-18.
constexpr std::size_t kFewInputs = 4096;
/// Draws until an input of the split is found; a split of one in a hundred, drawn half of the times, takes 200.
constexpr std::size_t kMostDraws = 100'000;

}  // namespace

Sort::Sort(const SortOptions& options)
    : SequenceTask("sort", {.layout = options.layout,
                            .symbols = options.symbols,
                            .longest_source = options.length.longest(),
                            .longest_answer = options.length.longest(),
                            .marks = options.marks}),
      options_(options) {
  if (options.layout == SequenceLayout::one_sequence && !options.marks &&
      options.length.least != options.length.longest()) {
    raise<ConfigError>("sort", "without marks a decoder cannot know where an input ends, so that all have one length",
                       fmt::format("lengths {} to {}", options.length.least, options.length.longest()),
                       "take one length, or marks");
  }
  std::size_t inputs = 1;
  for (std::size_t length = 1; length <= options.length.longest() && inputs * options.symbols <= kFewInputs; ++length) {
    inputs *= options.symbols;
    const std::vector<std::size_t>& asked = options.length.asked;
    const bool trained = length >= options.length.least && length <= options.length.most;
    const bool evaluated = trained || std::find(asked.begin(), asked.end(), length) != asked.end();
    std::vector<std::int32_t> source(length);
    for (const Split split : {Split::train, Split::eval}) {
      if (split == Split::train ? !trained : !evaluated) continue;
      Random random = example_random(name(), {.split = split}, {options.train_seed, options.eval_seed});
      draw(random, split, source);
    }
  }
}

std::optional<std::uint64_t> Sort::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

void Sort::draw(Random& random, Split split, std::vector<std::int32_t>& source) const {
  for (std::size_t draws = 0; draws < kMostDraws; ++draws) {
    for (std::int32_t& symbol : source) symbol = static_cast<std::int32_t>(random.uniform_below(options_.symbols));
    const bool wants_repetitions = random.uniform_below(2) == 0;
    if (wants_repetitions && std::set<std::int32_t>(source.begin(), source.end()).size() > source.size() / 2) continue;
    if (is_held_out(source, options_.hash_split) == (split == Split::eval)) return;
  }
  raise<ConfigError>("sort",
                     fmt::format("no input of length {} is found {}", source.size(),
                                 split == Split::train ? "to train on" : "to hold out"),
                     fmt::format("{} symbols, {} of the inputs held out by their hash", options_.symbols,
                                 options_.hash_split),
                     "take more symbols, longer inputs, or another `task.hash_split`");
}

void Sort::draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const {
  if (options_.layout == SequenceLayout::one_sequence && !options_.marks) {
    check_only_length(name(), request, options_.length.most);
  }
  Random random = example_random(name(), request, {options_.train_seed, options_.eval_seed});
  source.resize(options_.length.drawn(random, request, name()));
  draw(random, request.split, source);
}

std::vector<std::int32_t> Sort::answer_to(std::span<const std::int32_t> source) const {
  std::vector<std::int32_t> answer(source.begin(), source.end());
  std::sort(answer.begin(), answer.end());
  return answer;
}

AttentionPattern Sort::reading() const {
  return {.name = "same_symbol", .doc = "the positions of the symbol that comes next"};
}

void Sort::read_keys(std::span<const std::int32_t> source, std::size_t element, std::vector<std::size_t>& keys) const {
  if (element >= source.size()) return;
  std::vector<std::int32_t> sorted(source.begin(), source.end());
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == sorted[element]) keys.push_back(i);
  }
}

}  // namespace headlight
