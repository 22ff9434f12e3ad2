#include "apps/tasks/string_program.h"

#include <algorithm>
#include <set>

namespace headlight {
namespace {

using String = std::vector<std::int32_t>;

std::int32_t count(std::span<const std::int32_t> string, std::int32_t symbol) {
  return static_cast<std::int32_t>(std::count(string.begin(), string.end(), symbol));
}

String hist(std::span<const std::int32_t> string) {
  String answer;
  answer.reserve(string.size());
  for (const std::int32_t symbol : string) answer.push_back(count(string, symbol) - 1);
  return answer;
}

String double_hist(std::span<const std::int32_t> string) {
  const std::set<std::int32_t> different(string.begin(), string.end());
  String answer;
  answer.reserve(string.size());
  for (const std::int32_t symbol : string) {
    const auto alike = std::count_if(different.begin(), different.end(),
                                     [&](std::int32_t other) { return count(string, other) == count(string, symbol); });
    answer.push_back(static_cast<std::int32_t>(alike) - 1);
  }
  return answer;
}

String most_freq(std::span<const std::int32_t> string, std::int32_t pad) {
  String answer;
  for (const std::int32_t symbol : string) {
    if (std::find(answer.begin(), answer.end(), symbol) == answer.end()) answer.push_back(symbol);
  }
  // Stable: equal counts keep the order of their first occurrence.
  std::stable_sort(answer.begin(), answer.end(),
                   [&](std::int32_t a, std::int32_t b) { return count(string, a) > count(string, b); });
  answer.resize(string.size(), pad);
  return answer;
}

String bracket_states(std::span<const std::int32_t> string) {
  String open;
  String answer;
  answer.reserve(string.size());
  bool failed = false;
  for (const std::int32_t bracket : string) {
    if (bracket % 2 == 0) {
      open.push_back(bracket);
    } else if (open.empty() || open.back() != bracket - 1) {
      failed = true;
    } else {
      open.pop_back();
    }
    answer.push_back(failed ? kFailed : open.empty() ? kBalanced : kOpen);
  }
  return answer;
}

}  // namespace

std::vector<std::int32_t> run_program(config::RaspProgram program, std::span<const std::int32_t> string,
                                      std::int32_t pad) {
  String answer(string.begin(), string.end());
  switch (program) {
    case config::RaspProgram::kHist:
      return hist(string);
    case config::RaspProgram::kDoubleHist:
      return double_hist(string);
    case config::RaspProgram::kMostFreq:
      return most_freq(string, pad);
    case config::RaspProgram::kDyck1:
    case config::RaspProgram::kDyck2:
      return bracket_states(string);
    case config::RaspProgram::kReverse:
      std::reverse(answer.begin(), answer.end());
      break;
    case config::RaspProgram::kSort:
      std::sort(answer.begin(), answer.end());
      break;
  }
  return answer;
}

}  // namespace headlight
