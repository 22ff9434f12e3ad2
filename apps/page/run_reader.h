#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/page/curves.h"
#include "apps/page/head_rows.h"
#include "apps/page/line_tail.h"
#include "apps/page/snapshot_file.h"
#include "apps/page/view_run.h"

namespace headlight {

struct RunReaderOptions {
  std::string name{};                        ///< how the page calls the run
  ViewWords words{};                         ///< of its task
  std::vector<std::string> notes{};          ///< to be shown with it
  std::vector<std::uint64_t> exact_steps{};  ///< whose weights are kept in full precision besides those of the last
  std::uint64_t max_codes = std::uint64_t{256} << 20U;  ///< bytes of codes; above, snapshots are thinned while reading
};

/// A run directory as a page shows it, read again as it grows: what was read once is not read again.
class RunReader {
 public:
  /// Throws ConfigError when config.json cannot be read as a config, FileError.
  RunReader(std::filesystem::path run, RunReaderOptions options);

  /// Reads what is new. Returns whether anything is. Files that are absent are left out, and so are snapshots that cannot
  /// be read, which the notes of the run tell. Throws FileError when another file is damaged; what was read before stays.
  bool update();

  /// As of the last update().
  const ViewRun& run() const { return run_; }
  ViewRun take() { return std::move(run_); }

 private:
  void read_config();
  bool update_record(bool curves);  ///< `curves`: they have changed
  bool update_attention();
  void restart_attention();
  bool add_snapshot(std::uint64_t step);  ///< false: it cannot be read, and the attention begins anew without it
  void compose_stats();  ///< without snapshots of the heads that were measured: their blocks have no map
  void compose_notes();

  std::filesystem::path directory_;
  RunReaderOptions options_;
  ViewRun run_{};
  std::string arch_{};
  std::string seed_ = "null";

  Curves curves_;
  HeadRows heads_;
  std::optional<FileStamp> record_stamp_{};
  std::optional<FileStamp> probes_stamp_{};
  /// A snapshot of which the run shows nothing, and why.
  struct Unread {
    FileStamp stamp{};
    std::string reason{};
  };

  std::map<std::uint64_t, FileStamp> snapshots_{};  ///< that were read, by step
  std::map<std::uint64_t, Unread> unread_{};        ///< that cannot be read, by step
  std::vector<SnapshotLayer> layers_{};
  std::vector<BlockPlace> places_{};
};

}  // namespace headlight
