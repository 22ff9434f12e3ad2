#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "apps/tasks/task.h"
#include "core/random.h"

/// What every generated task needs.
namespace headlight {

/// Where the examples of the two splits come from.
struct ExampleSeeds {
  std::uint64_t train = 1;
  std::uint64_t eval = 1;
};

/// The random numbers of one example. Splits and tasks have streams of their own, so that equal seeds never give the
/// same example twice.
Random example_random(std::string_view task, const ExampleRequest& request, const ExampleSeeds& seeds);

/// Throws ConfigError when the split has no example of that index.
void check_index(std::string_view task, const Task& of, const ExampleRequest& request);

/// Throws ConfigError when another length is requested than the only one that the task has.
void check_only_length(std::string_view task, const ExampleRequest& request, std::size_t length);

/// Whether an input belongs to the evaluation set of a task that splits its inputs by a hash: a pure function of the
/// input, true for about this share of all inputs. Drawn tasks and formal hold one in ten out by a hash of their own
/// (drawn_task.h): both stay, because with another hash other inputs would be held out, and what has been measured on
/// the old ones could not be compared any more.
bool is_held_out(std::span<const std::int32_t> input, double share);

/// The lengths that a task draws from, each as likely, and those that its evaluation asks for.
struct Lengths {
  std::size_t least = 0;
  std::size_t most = 0;
  std::vector<std::size_t> asked{};  ///< by a report by length, whether drawn in training or not

  std::size_t longest() const;
  /// The requested length, else one that is drawn. With one length nothing is drawn. Throws ConfigError on a request of
  /// 0 or more than longest().
  std::size_t drawn(Random& random, const ExampleRequest& request, std::string_view task) const;
};

}  // namespace headlight
