#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace headlight {

/// Which examples of a task.
enum class Split {
  train,
  eval,  ///< held out: never trained on
};

/// Targets at these positions do not count, neither in the loss nor in the accuracies.
constexpr std::int32_t kIgnoredTarget = -100;

/// A toy problem with one prediction per position. An example is a pure function of (seed, split, index): there is no
/// data to keep, and any example can be made at any time, in any order, on any machine.
class Task {
 public:
  virtual ~Task() = default;

  /// Token ids of the input are below this.
  virtual std::size_t vocabulary() const = 0;
  /// Targets are below this, or kIgnoredTarget.
  virtual std::size_t classes() const = 0;
  /// Positions of one example.
  virtual std::size_t length() const = 0;
  /// Number of examples in a split; nothing where it has no end.
  virtual std::optional<std::uint64_t> examples(Split split) const = 0;

  /// Writes example `index`; both spans hold length() elements. Throws ConfigError when the split has no such example.
  virtual void example(Split split, std::uint64_t index, std::span<std::int32_t> input,
                       std::span<std::int32_t> target) const = 0;

  /// The token with this id as people write it. Different ids have different texts, without blanks.
  virtual std::string token_text(std::int32_t id) const = 0;

  /// The position that attention at `query` has to read in a sequence of `length` tokens, where the problem leaves no
  /// choice: the ground truth that learned maps are compared with.
  virtual std::optional<std::size_t> expected_key(std::size_t query, std::size_t length) const {
    static_cast<void>(query);
    static_cast<void>(length);
    return std::nullopt;
  }
};

}  // namespace headlight
