#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "apps/page/line_tail.h"
#include "apps/page/snapshot.h"
#include "apps/page/view_run.h"

namespace headlight {

/// The figures of heads in a run's head_stats.jsonl: one object for each step and head.
class HeadRows {
 public:
  explicit HeadRows(const std::filesystem::path& run) : tail_(run / "head_stats.jsonl") {}

  /// Reads what is new. Returns whether anything is. Throws FileError on a whole line that is no row.
  bool update();

  bool empty() const { return rows_.empty(); }

  /// A head by the names of the file: block, layer inside it, head.
  using Place = std::tuple<std::string, std::size_t, std::size_t>;

  /// The table over the heads in `names`, which stand at `heads` in the run's blocks. NaN where a row is missing.
  ViewHeadStats table(const std::vector<ViewHead>& heads, const std::vector<Place>& names) const;

  /// The layers whose heads were measured, with their numbers of heads: for a run that has no snapshots to say it. Nothing
  /// is known of their masks.
  std::vector<SnapshotLayer> layers() const;

  /// Blocks of which there are rows.
  std::vector<std::string> blocks() const;

 private:
  void add_line(std::string_view line, std::size_t number);
  std::size_t column(const std::string& name);

  LineTail tail_;
  std::vector<std::string> columns_{};
  std::map<std::uint64_t, std::map<Place, std::vector<float>>> rows_{};  ///< by step
  std::optional<std::uint64_t> sequences_{};
};

}  // namespace headlight
