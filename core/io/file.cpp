#include "core/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/error.h"
#include "core/io/retrying.h"
#include "core/io/system_error.h"

namespace headlight {

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = other.release();
  }
  return *this;
}

int FileDescriptor::release() noexcept { return std::exchange(descriptor_, -1); }

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)) {
  // O_NONBLOCK: opening a pipe without a writer would wait for ever. It has no effect on a regular file.
  const int descriptor = open_retrying(path_, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) raise_system_error(path_, "open", errno);
  descriptor_ = FileDescriptor(descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) raise_system_error(path_, "read the size", errno);
  if (!S_ISREG(status.st_mode)) {
    raise<FileError>(path_.string(), "not a regular file", S_ISDIR(status.st_mode) ? "it is a directory" : "",
                     "give the path of a file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    raise<FileError>(path_.string(), "the file is too short",
                     std::to_string(out.size()) + " bytes wanted at " + std::to_string(offset) + ", the file has " +
                         std::to_string(size_));
  }
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count =
        ::pread(descriptor_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) raise_system_error(path_, "read", errno);
    if (count == 0) {
      raise<FileError>(path_.string(), "the file became shorter while it was read",
                       std::to_string(size_) + " bytes at first, now " + std::to_string(offset + done),
                       "let its writer finish and try again");
    }
    done += static_cast<std::size_t>(count);
  }
}

std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const InputFile file(path);
  if (file.size() > max_bytes) {
    raise<FileError>(path.string(), "the file is too large",
                     std::to_string(file.size()) + " bytes, at most " + std::to_string(max_bytes) + " expected",
                     "check that it is the right file");
  }
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace headlight
