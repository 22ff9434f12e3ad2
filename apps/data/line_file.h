#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "apps/data/data_file.h"
#include "apps/data/line_faults.h"
#include "apps/data/sparse_index.h"
#include "core/io/file.h"

namespace headlight {

/// A file of one item per line, in UTF-8. Lines of blanks alone are no items. A line may end with CR LF, and the file may
/// begin with a byte order mark: neither belongs to an item. Safe to read from any thread.
class LineFile {
 public:
  /// Called with each item and the line on which it stands.
  using Visit = std::function<void(LinePlace place, std::string_view item)>;

  /// Reads the file once, a block at a time. ConfigErrors that `visit` throws, and those of lines that are not UTF-8 or
  /// longer than 64 MiB, are collected (see LineFaults) and thrown at the end; so is one of a file without items.
  /// Throws ConfigError when the file cannot be opened, FileError when it cannot be read.
  LineFile(const std::filesystem::path& path, const Visit& visit);

  const DataFile& facts() const { return facts_; }
  std::uint64_t items() const { return items_; }

  /// Writes an item. Returns its line. Throws ConfigError when the file has no longer so many.
  std::uint64_t read(std::uint64_t item, std::string& text) const;

 private:
  InputFile file_;
  DataFile facts_;
  SparseIndex index_;
  std::uint64_t items_ = 0;
};

/// Opens a file of the user. Throws ConfigError, with the system's reason, when it cannot be opened.
InputFile open_data(const std::filesystem::path& path);

/// Bytes in which data files are read from end to end.
inline constexpr std::uint64_t kDataBlock = std::uint64_t{1} << 18U;

}  // namespace headlight
