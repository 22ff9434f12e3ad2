#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/error.h"
#include "core/io/excerpt.h"
#include "core/io/file.h"
#include "core/io/retrying.h"
#include "core/io/system_error.h"
#include "core/io/write_loop.h"

namespace headlight {
namespace {

off_t size_of(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) raise_system_error(path, "read the size", errno);
  if (!S_ISREG(status.st_mode)) raise<FileError>(path.string(), "not a regular file", {}, "give the path of a file");
  return status.st_size;
}

/// The length of the file up to and with its last newline.
off_t end_of_last_line(const InputFile& file) {
  std::array<char, 4096> block;
  std::uint64_t end = file.size();
  while (end > 0) {
    const std::uint64_t begin = end - std::min<std::uint64_t>(end, block.size());
    const std::span<char> part = std::span(block).first(static_cast<std::size_t>(end - begin));
    file.read(begin, std::as_writable_bytes(part));
    const auto newline = std::find(part.rbegin(), part.rend(), '\n');
    if (newline != part.rend()) return static_cast<off_t>(end) - (newline - part.rbegin());
    end = begin;
  }
  return 0;
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path path) : path_(std::move(path)) {
  const int descriptor = open_retrying(path_, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666);
  if (descriptor < 0) raise_system_error(path_, "open", errno);
  descriptor_ = FileDescriptor(descriptor);
  const off_t size = size_of(descriptor, path_);
  const off_t complete = size == 0 ? 0 : end_of_last_line(InputFile(path_));
  if (complete != size && ::ftruncate(descriptor, complete) != 0) {
    raise_system_error(path_, "drop the unfinished last line", errno);
  }
}

void AppendFile::append_line(std::string_view line) {
  if (line.find('\n') != std::string_view::npos) {
    raise<FileError>(path_.string(), "a log line holds a newline", fmt::format("`{}`", excerpt(line)), "escape it");
  }
  const off_t before = size_of(descriptor_.get(), path_);
  const std::string record = std::string(line) + '\n';
  // After a short write the second call finds out why; normally there is one call only.
  const int error = write_all(descriptor_.get(), std::as_bytes(std::span(record)));
  if (error == 0) return;
  if (::ftruncate(descriptor_.get(), before) != 0) raise_system_error(path_, "take back an unfinished line", errno);
  raise_system_error(path_, "append", error);
}

}  // namespace headlight
