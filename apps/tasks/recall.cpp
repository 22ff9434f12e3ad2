#include "apps/tasks/recall.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace headlight {

Recall::Recall(const RecallOptions& options) : DrawnTask("recall", options.sets), options_(options) {
  if (options.symbols < 2 || options.length.least != options.length.most) refuse(options.length.least);
  check_length(options.length.least);
  draw_sets(options.length.asked);
}

void Recall::check_length(std::size_t length) const {
  const bool fits = has_pairs() ? length >= 2 && length % 2 == 0 : length >= 3;
  if (!fits) refuse(length);
}

void Recall::refuse(std::size_t length) const {
  raise<ConfigError>("recall", "symbols and length do not make a sequence",
                     fmt::format("{} symbols, length {}", options_.symbols, length),
                     has_pairs() ? "take at least 2 symbols and an even length"
                                 : "take at least 2 symbols and a length of at least 3");
}

TaskShape Recall::shape() const {
  const std::size_t positions = options_.length.longest() + (has_pairs() ? 2 : 1);
  return {.vocabulary = options_.symbols + 2,
          .classes = options_.symbols + 2,
          .length = positions,
          .target_length = positions};
}

void Recall::draw_pairs(Random& random, std::size_t length, std::vector<std::int32_t>& sequence) const {
  const std::size_t keys = options_.symbols / 2;
  std::vector<std::int32_t> value_of(keys);
  for (std::int32_t& value : value_of) {
    value = static_cast<std::int32_t>(keys + random.uniform_below(options_.symbols - keys));
  }
  std::vector<std::int32_t> present;
  for (std::size_t pair = 0; pair < length / 2; ++pair) {
    const auto key = static_cast<std::int32_t>(random.uniform_below(keys));
    if (std::find(present.begin(), present.end(), key) == present.end()) present.push_back(key);
    sequence.insert(sequence.end(), {key, value_of[static_cast<std::size_t>(key)]});
  }
  const std::int32_t asked = present[random.uniform_below(present.size())];
  sequence.insert(sequence.end(), {arrow(), asked, value_of[static_cast<std::size_t>(asked)]});
}

void Recall::draw_filler(Random& random, std::size_t length, std::vector<std::int32_t>& sequence) const {
  sequence.resize(length);
  for (std::int32_t& symbol : sequence) symbol = static_cast<std::int32_t>(random.uniform_below(options_.symbols));
  const std::size_t place = random.uniform_below(length - 2);
  sequence[place] = arrow();
  const std::int32_t answer = sequence[place + 1];
  sequence.insert(sequence.end(), {arrow(), answer});
}

void Recall::draw(Random& random, const ExampleRequest& request, Example& example) const {
  const std::size_t length = options_.length.drawn(random, request, name());
  check_length(length);
  std::vector<std::int32_t>& sequence = example.input;
  if (has_pairs()) {
    draw_pairs(random, length, sequence);
  } else {
    draw_filler(random, length, sequence);
  }
  example.size = length;
  example.target.assign(sequence.begin() + 1, sequence.end());
  sequence.pop_back();
  if (request.split == Split::eval) std::fill(example.target.begin(), example.target.end() - 1, kIgnoredTarget);
}

std::string Recall::token_text(std::int32_t id) const {
  if (id == arrow()) return "=>";
  return id == arrow() + 1 ? "." : std::to_string(id);
}

std::vector<AttentionPattern> Recall::patterns() const {
  return {{.name = "kv_hit", .block = "dec.self", .doc = "what stood behind the same symbol before"}};
}

void Recall::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                        std::vector<std::size_t>& keys) const {
  const std::vector<std::int32_t>& input = example.input;
  if (input.empty() || query + 1 != input.size()) return;
  // The last one is the key that is asked for, or the second mark.
  for (std::size_t earlier = 0; earlier + 1 < query; ++earlier) {
    if (input[earlier] == input.back()) keys.push_back(earlier + 1);
  }
}

}  // namespace headlight
