#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string_view>

namespace headlight {

/// open(2), through interruptions. Returns the descriptor, closed on exec, or -1 with errno.
int open_retrying(const std::filesystem::path& path, int flags, mode_t mode = 0) noexcept;

/// fsync(2), through interruptions. Returns 0, or -1 with errno.
int fsync_retrying(int descriptor) noexcept;

/// Opens a directory for sync_directory(). Throws FileError.
int open_directory(const std::filesystem::path& directory);

/// Makes the names in a directory durable; a file system that cannot sync directories at all has done what it can.
/// `at_risk` names the new entry for the FileError.
void sync_directory(int descriptor, const std::filesystem::path& directory, std::string_view at_risk);

/// The directory in which the path's last component lies: "." for a name alone.
std::filesystem::path directory_of(const std::filesystem::path& path);

}  // namespace headlight
