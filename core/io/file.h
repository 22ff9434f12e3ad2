#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// Files that are read whole or not at all, and written whole or not at all.
/// Every failure is a FileError that names the path, the operation and the system's reason.
namespace headlight {

/// Owner of a file descriptor; -1 is none.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;

  int get() const { return descriptor_; }
  int release() noexcept;

 private:
  int descriptor_;
};

/// A regular file opened for reading, its size taken first. Reads by position, so it may be shared between threads.
/// Not mapped into memory: a file cut short under a mapping kills the process, here it is an error.
class InputFile {
 public:
  /// Throws FileError when the file cannot be opened or is no regular file (a pipe or device is never waited for).
  explicit InputFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Fills `out` with the bytes from `offset` on. Throws FileError when the file ends before.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::filesystem::path path_;
  FileDescriptor descriptor_;
  std::uint64_t size_;
};

/// The whole content of a regular file. Throws FileError, also when it is larger than `max_bytes` (before reading).
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Replaces `path` by the pieces, one after the other: whoever opens it sees the old content or the new one, and after
/// the return the new one survives a power cut. The recipe: temporary sibling `.name.tmp.<pid>`, fsync, rename, fsync
/// of the directory. A failed fsync is final (the kernel may have dropped the pages, so a second try would lie).
/// A symbolic link is replaced, not followed. Throws FileError; the temporary is gone then and, unless the last fsync
/// failed, the old file is untouched. Safe to call from any thread.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::span<const std::byte>> pieces);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Removes what write_file_atomically() of a killed process left in `directory`: regular files named
/// `.<name>.tmp.<pid>` whose process is gone. Returns how many. Throws FileError.
/// Call it while holding the lock of a run directory: processes of another machine or container look gone from here.
std::size_t remove_stale_temporaries(const std::filesystem::path& directory);

/// A log: one complete line per write(2), always at the end, so that readers and a kill see whole lines.
class AppendFile {
 public:
  /// Opens or creates. An unfinished last line, left by a full disk or a power cut, is dropped. Throws FileError.
  explicit AppendFile(std::filesystem::path path);

  /// Appends `line` and a newline. Throws FileError when `line` holds a newline, or when it could not be written whole;
  /// the file ends at the previous line then.
  void append_line(std::string_view line);

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  FileDescriptor descriptor_;
};

}  // namespace headlight
