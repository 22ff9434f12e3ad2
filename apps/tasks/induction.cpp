#include "apps/tasks/induction.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::int32_t kStart = 0;

}  // namespace

Induction::Induction(const InductionOptions& options) : options_(options) {
  constexpr std::size_t kLargestSize = std::numeric_limits<std::int32_t>::max();
  const auto& o = options_;
  if (o.symbols == 0 || std::max({o.symbols, o.length.longest(), o.block, o.repeats}) > kLargestSize) {
    raise<ConfigError>("induction", fmt::format("sizes must be from 1 to {}", kLargestSize),
                       fmt::format("symbols {}, block {}, repeats {}, length {}", o.symbols, o.block, o.repeats,
                                   o.length.longest()));
  }
  if (o.block < 2 || o.repeats < 2) {
    raise<ConfigError>("induction", "at least two tokens must stand at least twice",
                       fmt::format("block {}, repeats {}", o.block, o.repeats));
  }
  check_length(o.length.least);
}

void Induction::check_length(std::size_t length) const {
  if (length > (options_.block + 1) * options_.repeats) return;
  raise<ConfigError>(
      "induction",
      fmt::format("a start mark and {} blocks of {} tokens, each with one more behind it, do not fit into "
                  "a sequence of {}",
                  options_.repeats, options_.block, length),
      {}, "take longer sequences, a shorter block, or fewer repeats");
}

TaskShape Induction::shape() const {
  return {.vocabulary = options_.symbols + 1,
          .classes = options_.symbols + 1,
          .length = options_.length.longest(),
          .target_length = options_.length.longest()};
}

std::optional<std::uint64_t> Induction::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

void Induction::example(const ExampleRequest& request, Example& example) const {
  check_index("induction", *this, request);
  example.clear();
  const auto& o = options_;
  Random random = example_random("induction", request, {o.train_seed, o.eval_seed});
  const std::size_t length = o.length.drawn(random, request, "induction");
  check_length(length);
  const auto fill = [&](std::vector<std::int32_t>& tokens, std::size_t count) {
    tokens.resize(count);
    for (std::int32_t& token : tokens) token = 1 + static_cast<std::int32_t>(random.uniform_below(o.symbols));
  };
  fill(example.input, length);
  example.input[0] = kStart;
  std::vector<std::int32_t> block;
  fill(block, o.block);
  example.target.assign(length, kIgnoredTarget);
  example.size = length;

  const std::size_t part = (length - 1) / o.repeats;
  for (std::size_t copy = 0; copy < o.repeats; ++copy) {
    const auto start = static_cast<std::ptrdiff_t>(1 + copy * part + random.uniform_below(part - o.block));
    std::copy(block.begin(), block.end(), example.input.begin() + start);
    if (copy > 0) std::copy(block.begin() + 1, block.end(), example.target.begin() + start);
  }
}

void Induction::complete(std::vector<std::int32_t>& input) const {
  if (input.empty() || input.front() != kStart) input.insert(input.begin(), kStart);
}

std::string Induction::token_text(std::int32_t id) const { return id == kStart ? "<bos>" : std::to_string(id); }

std::vector<AttentionPattern> Induction::patterns() const {
  return {{.name = "prefix_match",
           .block = "dec.self",
           .doc = "behind earlier occurrences of the present token, in the copies of the block"},
          {.name = "previous", .block = "dec.self", .doc = "the position before, in the first copy"}};
}

std::vector<std::size_t> Induction::starts(const Example& example) const {
  // The targets that count say where the later copies are; the first one is the same tokens before them.
  std::vector<std::size_t> found{0};
  for (std::size_t t = 0; t < example.target.size();) {
    if (example.target[t] == kIgnoredTarget) {
      ++t;
      continue;
    }
    found.push_back(t);
    t += options_.block - 1;
  }
  if (found.size() == 1) return {};
  const auto second = example.input.begin() + static_cast<std::ptrdiff_t>(found[1]);
  const auto first =
      std::search(example.input.begin(), second, second, second + static_cast<std::ptrdiff_t>(options_.block));
  found.front() = static_cast<std::size_t>(first - example.input.begin());
  return found;
}

void Induction::right_keys(std::size_t pattern, const Example& example, std::size_t query,
                           std::vector<std::size_t>& keys) const {
  const std::vector<std::int32_t>& input = example.input;
  if (query >= input.size()) return;
  const std::size_t followed = options_.block - 1;  // tokens of a copy behind which another one of it stands
  const std::vector<std::size_t> copies = starts(example);
  if (pattern == 1) {
    if (!copies.empty() && query > copies.front() && query <= copies.front() + followed) keys.push_back(query - 1);
    return;
  }
  const auto own = std::find_if(copies.begin(), copies.end(),
                                [&](std::size_t start) { return query >= start && query < start + followed; });
  if (own == copies.end() || own == copies.begin()) return;
  for (auto copy = copies.begin(); copy <= own; ++copy) {
    for (std::size_t t = *copy; t < std::min(*copy + followed, query); ++t) {
      if (input[t] == input[query]) keys.push_back(t + 1);
    }
  }
}

}  // namespace headlight
