#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/data/data_file.h"
#include "apps/data/sparse_index.h"
#include "core/io/file.h"

namespace headlight {

/// What the units of a text are.
enum class TextUnit {
  code_point,  ///< the file must be UTF-8; a byte order mark at its beginning is left out
  byte,        ///< any file
};

/// A file as one long text whose stretches are read by their position. Line ends are units like others, so that CR LF
/// are two. Safe to read from any thread.
class TextFile {
 public:
  /// Reads the file once, a block at a time. Throws ConfigError when the file cannot be opened, is empty or, with
  /// code points, not valid UTF-8 (naming the line), FileError when it cannot be read.
  TextFile(const std::filesystem::path& path, TextUnit unit);

  const DataFile& facts() const { return facts_; }
  /// Number of units.
  std::uint64_t size() const { return size_; }

  /// The different units of the file, ascending, and the line on which each stands first.
  struct Seen {
    char32_t unit;
    std::uint64_t line;
  };
  const std::vector<Seen>& seen() const { return seen_; }

  /// Writes units first, first + 1, ... first + count - 1, which must be there.
  void read(std::uint64_t first, std::size_t count, std::vector<char32_t>& units) const;

 private:
  void scan();

  InputFile file_;
  TextUnit unit_;
  DataFile facts_;
  SparseIndex index_;
  std::uint64_t size_ = 0;
  std::vector<Seen> seen_;
};

}  // namespace headlight
