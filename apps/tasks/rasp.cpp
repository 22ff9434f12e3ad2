#include "apps/tasks/rasp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::array<const char*, 4> kBrackets{"(", ")", "{", "}"};
constexpr std::array<const char*, 3> kStates{"T", "P", "F"};

void append_uniform(Random& random, std::size_t alphabet, std::size_t count, std::vector<std::int32_t>& string) {
  for (std::size_t i = 0; i < count; ++i) {
    string.push_back(static_cast<std::int32_t>(random.uniform_below(alphabet)));
  }
}

/// Half of the strings begin balanced, the others are uniform.
std::vector<std::int32_t> bracket_string(Random& random, std::size_t kinds, std::size_t length) {
  std::vector<std::int32_t> string;
  const bool balanced = random.uniform_below(2) == 1;
  const std::uint64_t steps = balanced ? random.uniform_below((length + 1) / 2 + 1) : 0;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const auto opening = static_cast<std::int32_t>(2 * random.uniform_below(kinds));
    const bool around = random.uniform_below(2) == 1;
    string.insert(around ? string.begin() : string.end(), opening);
    string.push_back(opening + 1);
  }
  string.resize(std::min(string.size(), length));
  append_uniform(random, 2 * kinds, length - string.size(), string);
  return string;
}

}  // namespace

Rasp::Rasp(const RaspOptions& options) : DrawnTask("rasp", options.sets), options_(options) {
  if (alphabet() == 0 || options.length.least == 0 || options.length.least > options.length.most) {
    raise<ConfigError>("rasp", "symbols and length must be at least 1",
                       fmt::format("{} symbols, lengths {} to {}", alphabet(), options.length.least,
                                   options.length.most));
  }
  draw_sets(options.length.asked);
}

std::size_t Rasp::alphabet() const {
  const std::size_t kinds = config::bracket_kinds(options_.program);
  return kinds == 0 ? options_.symbols : 2 * kinds;
}

std::size_t Rasp::answers() const {
  switch (options_.program) {
    case config::RaspProgram::kHist:
      return options_.length.longest();
    case config::RaspProgram::kDoubleHist:
      return std::min(options_.symbols, options_.length.longest());
    case config::RaspProgram::kMostFreq:
      return options_.symbols + 1;
    case config::RaspProgram::kDyck1:
    case config::RaspProgram::kDyck2:
      return kStates.size();
    case config::RaspProgram::kReverse:
    case config::RaspProgram::kSort:
      break;
  }
  return options_.symbols;
}

TaskShape Rasp::shape() const {
  const std::size_t marks = config::has_end_mark(options_.program) ? 2 : 1;
  const std::size_t positions = options_.length.longest() + marks;
  return {.vocabulary = alphabet() + marks,
          .classes = answers(),
          .length = positions,
          .target_length = positions,
          .in_place = true};
}

void Rasp::draw(Random& random, const ExampleRequest& request, Example& example) const {
  const std::size_t length = options_.length.drawn(random, request, name());
  const std::size_t kinds = config::bracket_kinds(options_.program);
  std::vector<std::int32_t> string;
  if (kinds > 0) {
    string = bracket_string(random, kinds, length);
  } else {
    append_uniform(random, options_.symbols, length, string);
  }
  const auto begin = static_cast<std::int32_t>(alphabet());
  example.size = length;
  const std::vector<std::int32_t> answer =
      run_program(options_.program, string, static_cast<std::int32_t>(options_.symbols));
  example.target.push_back(kIgnoredTarget);
  example.target.insert(example.target.end(), answer.begin(), answer.end());
  example.input.push_back(begin);
  example.input.insert(example.input.end(), string.begin(), string.end());
  if (config::has_end_mark(options_.program)) {
    example.input.push_back(begin + 1);
    example.target.push_back(kIgnoredTarget);
  }
}

std::string Rasp::token_text(std::int32_t id) const {
  const auto begin = static_cast<std::int32_t>(alphabet());
  if (id == begin) return "<bos>";
  if (id == begin + 1) return "<eos>";
  const bool bracket = config::bracket_kinds(options_.program) > 0 && id >= 0 && id < begin;
  return bracket ? kBrackets.at(static_cast<std::size_t>(id)) : std::to_string(id);
}

std::string Rasp::target_text(std::int32_t id) const {
  switch (options_.program) {
    case config::RaspProgram::kHist:
    case config::RaspProgram::kDoubleHist:
      return std::to_string(id + 1);
    case config::RaspProgram::kMostFreq:
      if (id == static_cast<std::int32_t>(options_.symbols)) return "<pad>";
      break;
    case config::RaspProgram::kDyck1:
    case config::RaspProgram::kDyck2:
      if (id >= 0 && id < static_cast<std::int32_t>(kStates.size())) return kStates.at(static_cast<std::size_t>(id));
      break;
    case config::RaspProgram::kReverse:
    case config::RaspProgram::kSort:
      break;
  }
  return std::to_string(id);
}

void Rasp::complete(std::vector<std::int32_t>& input) const {
  const auto begin = static_cast<std::int32_t>(alphabet());
  if (input.front() != begin) input.insert(input.begin(), begin);
  if (config::has_end_mark(options_.program) && input.back() != begin + 1) input.push_back(begin + 1);
}

std::vector<AttentionPattern> Rasp::patterns() const {
  switch (options_.program) {
    case config::RaspProgram::kHist:
    case config::RaspProgram::kDoubleHist:
      return {{.name = "same_token", .block = options_.block, .doc = "all positions with the same symbol"}};
    case config::RaspProgram::kReverse:
      return {{.name = "antidiag", .block = options_.block, .doc = "the mirrored position"}};
    case config::RaspProgram::kSort:
    case config::RaspProgram::kMostFreq:
    case config::RaspProgram::kDyck1:
    case config::RaspProgram::kDyck2:
      break;
  }
  return {};
}

void Rasp::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                      std::vector<std::size_t>& keys) const {
  if (query >= example.target.size() || example.target[query] == kIgnoredTarget) return;
  if (options_.program == config::RaspProgram::kReverse) {
    keys.push_back(example.input.size() - 1 - query);
    return;
  }
  for (std::size_t key = 0; key < example.input.size(); ++key) {
    if (example.input[key] == example.input[query]) keys.push_back(key);
  }
}

}  // namespace headlight
