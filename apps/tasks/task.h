#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace headlight {

/// Which examples of a task.
enum class Split {
  train,
  eval,  ///< held out
};

/// Targets at these positions do not count, neither in the loss nor in the accuracies.
constexpr std::int32_t kIgnoredTarget = -100;

/// Where a model is asked.
enum class Prediction {
  every,    ///< at every position of what it reads
  last,     ///< once, at the last one
  pooled,   ///< once, from the mean over all
  pointer,  ///< once: which position of the input is meant
};

/// What the examples of a task are made of: all that a model must know of it.
struct TaskShape {
  std::size_t vocabulary = 0;         ///< ids of the input are below it; 0: the input is vectors
  std::size_t features = 0;           ///< width of an input vector; 0: the input is ids
  std::size_t second_vocabulary = 0;  ///< ids that the decoder of an encoder-decoder reads; 0: there is no such one
  std::size_t classes = 0;            ///< targets are below it; 0: they are numbers, or positions of the input
  std::size_t values = 0;             ///< numbers in one target; 0: there are none
  Prediction predict = Prediction::every;
  std::size_t length = 0;         ///< positions of the longest input
  std::size_t target_length = 0;  ///< of the longest target; 1 where an example has one answer
  /// What a generated answer begins behind; empty where it follows its input at once, or none is generated.
  std::optional<std::int32_t> begin{};
  std::optional<std::int32_t> end{};  ///< what ends it; empty: its length is that of the target
  bool begin_leads = false;  ///< `begin` stands before the input instead, which may be empty: the answer continues it
  bool in_place = false;     ///< of `every`: a position answers for itself; else a decoder is asked for what follows it
  std::optional<std::size_t> input_length{};  ///< positions of every input; empty: a model takes several lengths
};

/// Which example is wanted, and of what size where the task has several.
struct ExampleRequest {
  Split split = Split::train;
  std::uint64_t index = 0;
  std::optional<std::size_t> length{};  ///< in the task's own measure, such as symbols; empty: drawn, or the only one
  std::optional<std::size_t> dimensions{};  ///< of tasks with vectors: how many are used; empty: all
};

/// One example. Vectors are used again from call to call; what a task has no use for is empty.
struct Example {
  std::vector<std::int32_t> input{};  ///< ids of the T positions
  std::vector<double> vectors{};      ///< (T, features) in their place
  std::vector<std::int32_t> begun{};  ///< what the decoder of an encoder-decoder reads, as long as `target`
  std::vector<std::int32_t>
      target{};                  ///< classes, or positions for a pointer; 0 where numbers count, or kIgnoredTarget
  std::vector<double> values{};  ///< (targets, values): the numbers
  std::size_t size = 0;          ///< its length in the task's own measure, for reports by length

  /// Empties everything.
  void clear();

  bool operator==(const Example&) const = default;
};

/// What some head is known to need, as a rule that names the right keys of a query.
struct AttentionPattern {
  std::string name{};     ///< "antidiag"
  std::string block{};    ///< which attention: enc.self, dec.self or dec.cross
  std::string doc{};      ///< one line: what a query reads
  std::size_t width = 0;  ///< neighbours of a right key, on each side, that count for the mass
};

/// A toy problem. An example is a pure function of (seed, split, index, size): there is no data to keep, and any example
/// can be made at any time, in any order, on any machine.
class Task {
 public:
  virtual ~Task() = default;

  virtual TaskShape shape() const = 0;
  /// Number of examples in a split; nothing where it has no end.
  virtual std::optional<std::uint64_t> examples(Split split) const = 0;

  /// Writes an example. Throws ConfigError when the split has no such one, or none of that size.
  virtual void example(const ExampleRequest& request, Example& example) const = 0;
  /// Whether both splits draw from all inputs of this length, because there are too few of them to hold some out: an
  /// evaluation meets what was trained on, and says so.
  virtual bool splits_share(std::size_t /*length*/) const { return false; }

  /// The token with this id as people write it: of the input, and of what a decoder or a target says. Different ids
  /// have different texts, without blanks.
  virtual std::string token_text(std::int32_t id) const = 0;
  virtual std::string target_text(std::int32_t id) const { return token_text(id); }

  /// Adds to an input that someone gives what they left out: marks, and places for the answer. Here: the mark behind which
  /// a decoder answers.
  virtual void complete(std::vector<std::int32_t>& input) const;
  /// Tokens of the generated answer to an input, `input` of them without what complete() adds; nothing where a mark ends
  /// it, or nothing does.
  virtual std::optional<std::size_t> answer_length(std::size_t /*input*/) const { return std::nullopt; }
  /// Adds to an example that holds a completed input alone what a decoder reads and the targets, as far as the task knows
  /// them. Here: no target is known, and the decoder of an encoder-decoder reads the begin mark.
  virtual void answer(Example& example) const;
  /// Whether a position of a completed input is one at which a model that answers in place is asked.
  virtual bool answers_at(std::span<const std::int32_t> /*input*/, std::size_t /*position*/) const { return true; }

  /// Whether errors are reported by how many targets of the same example came before, as well as over all.
  virtual bool reports_positions() const { return false; }

  /// What heads of a model that solves the problem are known to do, the most telling one first.
  virtual std::vector<AttentionPattern> patterns() const { return {}; }
  /// Adds the keys that pattern number `pattern` names for a query; none where it says nothing of that query.
  virtual void right_keys(std::size_t pattern, const Example& example, std::size_t query,
                          std::vector<std::size_t>& keys) const;
};

}  // namespace headlight
