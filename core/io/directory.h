#pragma once

#include <filesystem>
#include <vector>

/// Directories. Every failure is a FileError that names the path, the operation and the system's reason; the functions
/// of std::filesystem would throw an exception of another kind.
namespace headlight {

/// What the path leads to, through symbolic links; `not_found` when nothing is there. Throws FileError when the system
/// cannot tell: a name that is too long, links that go in a circle, no permission.
std::filesystem::file_type entry_type(const std::filesystem::path& path);

/// Whether anything is there. Throws as entry_type() does.
bool path_exists(const std::filesystem::path& path);

/// The paths of all entries, in the order of their names. Throws FileError.
std::vector<std::filesystem::path> list_directory(const std::filesystem::path& directory);

/// Makes the directory and all above it that are missing. Each new one survives a power cut when this returns: it is
/// made and its parent synced, from the top down. Returns whether `directory` itself is new, so of several processes
/// one alone is told so. Throws FileError, also when something else has the name.
bool make_directories(const std::filesystem::path& directory);

}  // namespace headlight
