#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/page/line_tail.h"
#include "apps/page/view_run.h"

namespace headlight {

/// The curves of a run's metrics.jsonl.
class Curves {
 public:
  explicit Curves(const std::filesystem::path& run) : tail_(run / "metrics.jsonl") {}

  /// Reads what is new. Returns whether anything is. Throws FileError on a whole line that is no JSON.
  bool update();

  /// In the order of their first points: those of the held-out examples and of training batches apart.
  const std::vector<ViewScalar>& scalars() const { return scalars_; }
  /// Number of parameters, from the row with which the log begins.
  std::optional<std::uint64_t> parameters() const { return parameters_; }

 private:
  void add_line(std::string_view line, std::size_t number);
  void add(std::string_view split, std::string_view name, double step, double value);

  LineTail tail_;
  std::vector<ViewScalar> scalars_{};
  std::optional<std::uint64_t> parameters_{};
};

}  // namespace headlight
