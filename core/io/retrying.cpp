#include "core/io/retrying.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "core/io/system_error.h"

namespace headlight {

int open_retrying(const std::filesystem::path& path, int flags, mode_t mode) noexcept {
  int descriptor;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

int fsync_retrying(int descriptor) noexcept {
  int result;
  do {
    result = ::fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  return result;
}

int open_directory(const std::filesystem::path& directory) {
  const int descriptor = open_retrying(directory, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) raise_system_error(directory, "open the directory", errno);
  return descriptor;
}

void sync_directory(int descriptor, const std::filesystem::path& directory, std::string_view at_risk) {
  if (fsync_retrying(descriptor) == 0 || errno == EINVAL) return;
  raise_system_error(directory, "write the directory to the disk (fsync)", errno,
                     fmt::format("the new {} may be lost in a power cut", at_risk));
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace headlight
