#include "apps/tasks/copy.h"

#include <fmt/format.h>

#include "core/error.h"

namespace headlight {
namespace {

std::optional<std::int32_t> as_id(const std::optional<std::size_t>& first) {
  if (!first) return std::nullopt;
  return static_cast<std::int32_t>(*first);
}

}  // namespace

Copy::Copy(const CopyOptions& options)
    : SequenceTask("copy", {.layout = options.layout,
                            .symbols = options.first ? options.symbols + 1 : options.symbols,
                            .longest_source = options.length.longest(),
                            .longest_answer = options.length.longest(),
                            .first = as_id(options.first)}),
      options_(options) {
  if (options.first && (*options.first == 0 || *options.first > options.symbols)) {
    raise<ConfigError>("copy", fmt::format("the first symbol is one of 1 to {}", options.symbols),
                       fmt::format("first {}", *options.first));
  }
}

std::optional<std::uint64_t> Copy::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

void Copy::draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const {
  Random random = example_random(name(), request, {options_.train_seed, options_.eval_seed});
  source.resize(options_.length.drawn(random, request, name()));
  if (options_.first && source.size() < 2) {
    raise<ConfigError>("copy", "an answer that begins with the first symbol needs one behind it",
                       fmt::format("length {}", source.size()), "take a length of at least 2");
  }
  const std::int32_t least = options_.first ? 1 : 0;
  for (std::int32_t& symbol : source) {
    symbol = least + static_cast<std::int32_t>(random.uniform_below(options_.symbols));
  }
  if (options_.first) source.front() = static_cast<std::int32_t>(*options_.first);
}

std::vector<std::int32_t> Copy::answer_to(std::span<const std::int32_t> source) const {
  return {source.begin(), source.end()};
}

std::string Copy::symbol_text(std::int32_t id) const {
  return options_.first && id == 0 ? "<pad>" : SequenceTask::symbol_text(id);
}

AttentionPattern Copy::reading() const { return {.name = "diag", .doc = "the position of the symbol that comes next"}; }

void Copy::read_keys(std::span<const std::int32_t> source, std::size_t element, std::vector<std::size_t>& keys) const {
  if (element < source.size()) keys.push_back(element);
}

}  // namespace headlight
