#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace headlight {

/// What tells that a file was written: another file of the name, another size or another time.
struct FileStamp {
  std::uint64_t file = 0;
  std::uint64_t bytes = 0;
  std::int64_t nanoseconds = 0;

  bool operator==(const FileStamp&) const = default;
};

/// Nothing where there is no such file.
std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

/// A log of lines to which another process appends, read line by line as it grows. A line without its end is left for
/// later; a file that was replaced or cut is read anew.
class LineTail {
 public:
  explicit LineTail(std::filesystem::path path) : path_(std::move(path)) {}

  /// Calls `restart` where lines that were read are no longer there, then `visit` with each new line and its number from
  /// 1. Returns whether anything was called. Throws FileError, and what `visit` throws.
  bool read(const std::function<void()>& restart,
            const std::function<void(std::string_view line, std::size_t number)>& visit);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::optional<FileStamp> stamp_{};
  std::uint64_t offset_ = 0;
  std::size_t lines_ = 0;
};

}  // namespace headlight
