#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/tasks/example_random.h"

namespace headlight {

/// How many examples a task has, and from which seeds.
struct DrawnSets {
  ExampleSeeds seeds{};
  std::optional<std::uint64_t> train_examples{};  ///< nothing: a new example for every index
  std::uint64_t eval_examples = 0;
};

/// One input in ten belongs to the held-out set, by a hash of its ids: the same ones for every task, seed and run. The
/// hash is another one than that of example_random.h, which says why both stay.
bool is_held_out(std::span<const std::int32_t> input);

/// A task of random inputs, without repetition: the two splits have no input in common, and neither do two examples of
/// a set of fixed size. Inputs are drawn until one belongs to the split; of a set, those that came before are left out.
///
/// An example of a length that was asked for is drawn anew, so it may repeat. Where a split has no input of that length,
/// which only very short ones lack, example() throws ConfigError.
class DrawnTask : public Task {
 public:
  std::optional<std::uint64_t> examples(Split split) const override;
  void example(const ExampleRequest& request, Example& example) const override;

 protected:
  DrawnTask(std::string name, const DrawnSets& sets) : name_(std::move(name)), sets_(sets) {}

  /// Draws the sets. A task calls it once, at the end of its constructor. Throws ConfigError when there are not as many
  /// different inputs, or no held-out one of a length that the evaluation asks for.
  void draw_sets(const std::vector<std::size_t>& asked);

  /// A random example, all of it; `example` is empty on entry.
  virtual void draw(Random& random, const ExampleRequest& request, Example& example) const = 0;

  const std::string& name() const { return name_; }

 private:
  /// False where none of many draws is of the split.
  bool draw_within(const ExampleRequest& request, Example& example) const;
  [[noreturn]] void refuse(const ExampleRequest& request) const;
  std::vector<std::uint32_t> different(Split split, std::uint64_t count) const;

  std::string name_;
  DrawnSets sets_;
  /// Which draws are the examples of a set: draw number i gives example i, but for those left out.
  std::vector<std::uint32_t> train_{};
  std::vector<std::uint32_t> eval_{};
};

}  // namespace headlight
