#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <mutex>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "core/io/directory.h"
#include "core/io/file.h"
#include "core/io/retrying.h"
#include "core/io/system_error.h"
#include "core/io/write_loop.h"

namespace headlight {
namespace {

constexpr std::string_view kMark = ".tmp.";

// One atomic write at a time in this process: with the mutex held, a temporary that bears our process id can only be
// the leftover of an earlier process with the same number (common in containers, which count from 1 again).
std::mutex writing;

/// The process id in `.<name>.tmp.<pid>`; nothing for any other name.
std::optional<pid_t> temporary_owner(std::string_view name) {
  const std::size_t mark = name.rfind(kMark);
  if (name.empty() || name.front() != '.' || mark == std::string_view::npos || mark < 2) return std::nullopt;
  const std::string_view digits = name.substr(mark + kMark.size());
  pid_t owner = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), owner);
  if (error != std::errc() || end != digits.data() + digits.size() || owner <= 0) return std::nullopt;
  return owner;
}

bool is_gone(pid_t process) { return process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH); }

/// The temporary sibling: created exclusively, removed unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : target_(target),
        path_(directory_of(target) / fmt::format(".{}{}{}", target.filename().string(), kMark, ::getpid())) {
    int descriptor = open_retrying(path_, O_CREAT | O_EXCL | O_WRONLY, 0666);
    if (descriptor < 0 && errno == EEXIST) {
      ::unlink(path_.c_str());  // the leftover of an earlier process with our number, see `writing`
      descriptor = open_retrying(path_, O_CREAT | O_EXCL | O_WRONLY, 0666);
    }
    if (descriptor < 0) raise_system_error(path_, "create", errno);
    descriptor_ = FileDescriptor(descriptor);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_) ::unlink(path_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    if (const int error = write_all(descriptor_.get(), bytes); error != 0) raise_system_error(target_, "write", error);
  }

  /// Makes the content durable and gives it the target's name.
  void commit() {
    if (fsync_retrying(descriptor_.get()) != 0) raise_system_error(target_, "write to the disk (fsync)", errno);
    // Linux has closed the descriptor even when it reports an interruption, and the data is already on the disk.
    if (::close(descriptor_.release()) != 0 && errno != EINTR) raise_system_error(target_, "close", errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) raise_system_error(target_, "replace (rename)", errno);
    renamed_ = true;
  }

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
  FileDescriptor descriptor_;
  bool renamed_ = false;
};

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::span<const std::span<const std::byte>> pieces) {
  if (!path.has_filename() || path.filename() == "." || path.filename() == "..") {
    raise<FileError>(path.string(), "the path names no file", {}, "end it with a file name");
  }
  const std::lock_guard lock(writing);
  const std::filesystem::path directory = directory_of(path);
  const FileDescriptor folder(open_directory(directory));
  TemporaryFile temporary(path);
  for (const std::span<const std::byte> piece : pieces) temporary.write(piece);
  temporary.commit();
  sync_directory(folder.get(), directory, path.filename().native());
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  const std::span<const std::byte> piece = std::as_bytes(std::span(text));
  write_file_atomically(path, std::span(&piece, 1));
}

std::size_t remove_stale_temporaries(const std::filesystem::path& directory) {
  const std::lock_guard lock(writing);
  std::size_t removed = 0;
  for (const std::filesystem::path& path : list_directory(directory)) {
    const std::optional<pid_t> owner = temporary_owner(path.filename().native());
    std::error_code ignored;
    if (!owner || !is_gone(*owner)) continue;
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored))) continue;
    if (::unlink(path.c_str()) == 0) {
      ++removed;
    } else if (errno != ENOENT) {
      raise_system_error(path, "remove", errno);
    }
  }
  return removed;
}

}  // namespace headlight
