#include "apps/tasks/reverse.h"

namespace headlight {

Reverse::Reverse(const ReverseOptions& options)
    : SequenceTask("reverse", {.layout = options.layout,
                               .symbols = options.symbols,
                               .longest_source = options.length.longest(),
                               .longest_answer = options.length.longest()}),
      options_(options) {}

std::optional<std::uint64_t> Reverse::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

void Reverse::draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const {
  Random random = example_random(name(), request, {options_.train_seed, options_.eval_seed});
  source.resize(options_.length.drawn(random, request, name()));
  for (std::int32_t& symbol : source) symbol = static_cast<std::int32_t>(random.uniform_below(options_.symbols));
}

std::vector<std::int32_t> Reverse::answer_to(std::span<const std::int32_t> source) const {
  return {source.rbegin(), source.rend()};
}

AttentionPattern Reverse::reading() const {
  // Neighbours count: sinusoids of neighbouring positions are alike.
  return {.name = "antidiag", .doc = "the mirrored position", .width = 1};
}

void Reverse::read_keys(std::span<const std::int32_t> source, std::size_t element,
                        std::vector<std::size_t>& keys) const {
  if (element < source.size()) keys.push_back(source.size() - 1 - element);
}

}  // namespace headlight
