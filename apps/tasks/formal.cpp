#include "apps/tasks/formal.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "apps/tasks/drawn_task.h"
#include "core/error.h"

namespace headlight {
namespace {

using config::FormalProblem;
using String = std::vector<std::int32_t>;

constexpr std::int32_t kPop = 2;
constexpr std::int32_t kPush = 3;    // 3 pushes 0, 4 pushes 1
constexpr std::int32_t kBottom = 2;  // in an answer: the stack has ended
constexpr std::int32_t kHole = 2;
constexpr std::int32_t kFill = 3;
constexpr std::int32_t kCycle = 5;
/// The least length of which there are so many strings that one in ten can be held out.
constexpr std::size_t kLeastHeldOut = 20;

String uniform_string(Random& random, std::size_t alphabet, std::size_t length) {
  String string(length);
  for (std::int32_t& symbol : string) symbol = static_cast<std::int32_t>(random.uniform_below(alphabet));
  return string;
}

String stack_string(Random& random, std::size_t length) {
  if (length == 1) return uniform_string(random, 2, 1);
  const auto bits = static_cast<std::size_t>(1 + random.uniform_below(length - 1));
  String string = uniform_string(random, 2, bits);
  for (const std::int32_t action : uniform_string(random, 3, length - bits)) string.push_back(kPop + action);
  return string;
}

/// The stack from its top, its end, and then no targets.
String run_stack(std::span<const std::int32_t> string) {
  String stack;
  for (const std::int32_t symbol : string) {
    if (symbol != kPop) {
      stack.push_back(symbol >= kPush ? symbol - kPush : symbol);
    } else if (!stack.empty()) {
      stack.pop_back();
    }
  }
  String answer(stack.rbegin(), stack.rend());
  answer.push_back(kBottom);
  answer.resize(string.size() + 1, kIgnoredTarget);
  return answer;
}

/// w w, perhaps with a fill behind it; the hole is put in by the caller.
String doubled_string(Random& random, std::size_t length) {
  if (length == 1) return {1};
  String string = uniform_string(random, 2, length / 2);
  string.insert(string.end(), string.begin(), string.end());
  if (length % 2 == 1) string.push_back(kFill);
  return string;
}

/// Where the same symbol stands in the other half.
std::size_t twin(std::size_t place, std::size_t length) {
  const std::size_t half = length / 2;
  return place < half ? place + half : place - half;
}

String answer_to(FormalProblem problem, std::span<const std::int32_t> string) {
  const std::size_t length = string.size();
  const std::int32_t sum = std::accumulate(string.begin(), string.end(), 0);
  String answer(string.begin(), string.end());
  switch (problem) {
    case FormalProblem::kParity:
      return {sum % 2};
    case FormalProblem::kEvenPairs:
      return {string.front() == string.back() ? 0 : 1};
    case FormalProblem::kCycleNav: {
      const std::int32_t place = (sum - static_cast<std::int32_t>(length)) % kCycle;
      return {place < 0 ? place + kCycle : place};
    }
    case FormalProblem::kStack:
      return run_stack(string);
    case FormalProblem::kMissingDup: {
      const auto hole = static_cast<std::size_t>(std::find(string.begin(), string.end(), kHole) - string.begin());
      return {hole == length ? string.front() : string[twin(hole, length)]};
    }
    case FormalProblem::kReverseString:
      std::reverse(answer.begin(), answer.end());
      break;
    case FormalProblem::kBucketSort:
      std::sort(answer.begin(), answer.end());
      break;
    case FormalProblem::kDuplicate:
      answer.insert(answer.end(), string.begin(), string.end());
      break;
    case FormalProblem::kOddsFirst:
      for (std::size_t i = 0; i < length; ++i) answer[i % 2 == 1 ? i / 2 : length / 2 + i / 2] = string[i];
      break;
  }
  return answer;
}

/// The place that an element of the answer is copied from, where the problem copies.
std::size_t source_of(FormalProblem problem, std::size_t element, std::size_t length) {
  if (problem == FormalProblem::kReverseString) return length - 1 - element;
  if (problem == FormalProblem::kDuplicate) return element % length;
  return element < length / 2 ? 2 * element + 1 : 2 * (element - length / 2);
}

}  // namespace

Formal::Formal(const FormalOptions& options) : options_(options) {
  if (options.length.least == 0 || options.length.least > options.length.most) {
    raise<ConfigError>("formal", "lengths must be at least 1, and the least not more than the most",
                       fmt::format("{} to {}", options.length.least, options.length.most));
  }
}

std::size_t Formal::alphabet() const {
  switch (options_.problem) {
    case FormalProblem::kCycleNav:
      return 3;
    case FormalProblem::kStack:
    case FormalProblem::kBucketSort:
      return 5;
    case FormalProblem::kMissingDup:
      return 4;
    default:
      return 2;
  }
}

std::size_t Formal::answers() const {
  switch (options_.problem) {
    case FormalProblem::kCycleNav:
    case FormalProblem::kBucketSort:
      return 5;
    case FormalProblem::kStack:
      return 3;
    default:
      return 2;
  }
}

TaskShape Formal::shape() const {
  const std::size_t longest = options_.length.longest();
  const std::size_t positions = longest + config::formal_answer(options_.problem, longest);
  return {.vocabulary = alphabet() + 1,
          .classes = answers(),
          .length = positions,
          .target_length = positions,
          .end = options_.problem == FormalProblem::kStack ? std::optional(kBottom) : std::nullopt,
          .in_place = true};
}

std::optional<std::uint64_t> Formal::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

std::vector<std::int32_t> Formal::drawn_string(Random& random, std::size_t length) const {
  if (options_.problem == FormalProblem::kStack) return stack_string(random, length);
  if (options_.problem != FormalProblem::kMissingDup) return uniform_string(random, alphabet(), length);
  String string = doubled_string(random, length);
  if (length > 1) string[random.uniform_below(length / 2 * 2)] = kHole;
  return string;
}

void Formal::example(const ExampleRequest& request, Example& example) const {
  check_index("formal", *this, request);
  example.clear();
  Random random = example_random("formal", request, options_.seeds);
  example.size = options_.length.drawn(random, request, "formal");
  const bool held_out = request.split == Split::eval;
  do {
    example.input = drawn_string(random, example.size);
  } while (example.size >= kLeastHeldOut && is_held_out(example.input) != held_out);
  const String answer = answer_to(options_.problem, example.input);
  example.target.assign(example.size, kIgnoredTarget);
  example.target.insert(example.target.end(), answer.begin(), answer.end());
  example.input.resize(example.target.size(), static_cast<std::int32_t>(alphabet()));
}

bool Formal::splits_share(std::size_t length) const {
  return length < kLeastHeldOut && length >= options_.length.least && length <= options_.length.most;
}

std::string Formal::token_text(std::int32_t id) const {
  return id == static_cast<std::int32_t>(alphabet()) ? "_" : std::to_string(id);
}

void Formal::complete(std::vector<std::int32_t>& input) const {
  const auto dummy = static_cast<std::int32_t>(alphabet());
  if (std::find(input.begin(), input.end(), dummy) != input.end()) return;
  input.resize(input.size() + config::formal_answer(options_.problem, input.size()), dummy);
}

std::vector<AttentionPattern> Formal::patterns() const {
  switch (options_.problem) {
    case FormalProblem::kEvenPairs:
      return {{.name = "first_last", .block = options_.block, .doc = "the first and the last symbol"}};
    case FormalProblem::kReverseString:
    case FormalProblem::kDuplicate:
    case FormalProblem::kOddsFirst:
      return {{.name = "source", .block = options_.block, .doc = "the symbol that is copied"}};
    case FormalProblem::kMissingDup:
      return {{.name = "twin", .block = options_.block, .doc = "the missing symbol in the other half"}};
    case FormalProblem::kParity:
    case FormalProblem::kCycleNav:
    case FormalProblem::kStack:
    case FormalProblem::kBucketSort:
      break;
  }
  return {};
}

void Formal::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                        std::vector<std::size_t>& keys) const {
  const std::size_t length = example.size;
  if (query < length || query >= example.input.size()) return;
  if (options_.problem == FormalProblem::kEvenPairs) {
    keys.push_back(0);
    if (length > 1) keys.push_back(length - 1);
    return;
  }
  if (options_.problem == FormalProblem::kMissingDup) {
    const auto string = std::span(example.input).first(length);
    const auto hole = static_cast<std::size_t>(std::find(string.begin(), string.end(), kHole) - string.begin());
    keys.push_back(hole == length ? 0 : twin(hole, length));
    return;
  }
  keys.push_back(source_of(options_.problem, query - length, length));
}

}  // namespace headlight
