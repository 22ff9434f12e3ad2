#include "apps/tasks/addition.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::int32_t kPlus = 10;
constexpr std::int32_t kEquals = 11;
constexpr std::size_t kMostDigits = 9;

std::uint64_t numbers_of(std::size_t digits) {
  if (digits == 0 || digits > kMostDigits) {
    raise<ConfigError>("addition", fmt::format("summands have from 1 to {} digits", kMostDigits),
                       fmt::format("digits {}", digits));
  }
  std::uint64_t numbers = 1;
  for (std::size_t i = 0; i < digits; ++i) numbers *= 10;
  return numbers;
}

/// Pairs to train on.
std::uint64_t others(const AdditionOptions& options) {
  const std::uint64_t pairs = numbers_of(options.digits) * numbers_of(options.digits);
  const std::uint64_t least = options.train_examples.value_or(1);
  if (options.eval_examples >= pairs || least == 0 || least > pairs - options.eval_examples) {
    raise<ConfigError>("addition", "there are not as many pairs as both sets take",
                       fmt::format("{} pairs, {} to train on, {} to evaluate on", pairs, least, options.eval_examples),
                       "take smaller sets, or more digits");
  }
  return pairs - options.eval_examples;
}

/// The digits of a number, the highest first.
void append_digits(std::uint64_t number, std::size_t digits, std::vector<std::int32_t>& to) {
  to.resize(to.size() + digits);
  for (auto digit = to.rbegin(); digits > 0; --digits, ++digit) {
    *digit = static_cast<std::int32_t>(number % 10);
    number /= 10;
  }
}

/// The other way round.
std::uint64_t number(std::span<const std::int32_t> digits) {
  std::uint64_t value = 0;
  for (const std::int32_t digit : digits) value = 10 * value + static_cast<std::uint64_t>(digit);
  return value;
}

}  // namespace

Addition::Addition(const AdditionOptions& options)
    : SequenceTask("addition", {.layout = options.layout,
                                .symbols = static_cast<std::size_t>(options.signs ? kEquals + 1 : kPlus),
                                .longest_source = 2 * options.digits + (options.signs ? 2 : 0),
                                .longest_answer = options.digits + 1,
                                .marks = false}),
      options_(options),
      numbers_(numbers_of(options.digits)),
      split_(numbers_ * numbers_, options.eval_seed, "addition.split"),
      training_(others(options), options.train_seed, "addition.training") {}

std::optional<std::uint64_t> Addition::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

std::uint64_t Addition::pair_index(const ExampleRequest& request) const {
  if (request.split == Split::eval) return split_(request.index);
  if (options_.train_examples) return split_(options_.eval_examples + training_(request.index));
  Random random = example_random(name(), request, {options_.train_seed, options_.eval_seed});
  return split_(options_.eval_examples + random.uniform_below(training_.count()));
}

void Addition::draw_source(const ExampleRequest& request, std::vector<std::int32_t>& source) const {
  const std::size_t digits = options_.digits;
  check_only_length(name(), request, 2 * digits + (options_.signs ? 2 : 0));
  const std::uint64_t index = pair_index(request);
  append_digits(index / numbers_, digits, source);
  if (options_.signs) source.push_back(kPlus);
  append_digits(index % numbers_, digits, source);
  if (options_.signs) source.push_back(kEquals);
}

std::vector<std::int32_t> Addition::answer_to(std::span<const std::int32_t> source) const {
  const std::size_t digits = options_.digits;
  std::vector<std::int32_t> answer;
  append_digits(number(source.first(digits)) + number(source.subspan(digits + (options_.signs ? 1 : 0), digits)),
                digits + 1, answer);
  if (options_.reversed) std::reverse(answer.begin(), answer.end());
  return answer;
}

std::string Addition::symbol_text(std::int32_t id) const {
  if (id == kPlus) return "+";
  return id == kEquals ? "=" : SequenceTask::symbol_text(id);
}

AttentionPattern Addition::reading() const {
  return {.name = "digit_pair", .doc = "the digits of both summands at the place of the digit that comes next"};
}

void Addition::read_keys(std::span<const std::int32_t> /*source*/, std::size_t element,
                         std::vector<std::size_t>& keys) const {
  // Place 0 is the lowest digit. Place n of the sum is a carry alone.
  const std::size_t digits = options_.digits;
  if (element > digits) return;
  const std::size_t place = options_.reversed ? element : digits - element;
  if (place == digits) return;
  const std::size_t of_a = digits - 1 - place;
  keys.push_back(of_a);
  keys.push_back(of_a + digits + (options_.signs ? 1 : 0));
}

}  // namespace headlight
