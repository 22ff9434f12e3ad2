#include "core/io/directory.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/io/file.h"
#include "core/io/retrying.h"
#include "core/io/system_error.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

/// Makes one directory durably. Returns 0, or the error number of mkdir.
int make_one(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0777) != 0) return errno;
  const fs::path parent = directory_of(directory);
  const FileDescriptor folder(open_directory(parent));
  sync_directory(folder.get(), parent, directory.filename().native());
  return 0;
}

}  // namespace

fs::file_type entry_type(const fs::path& path) {
  std::error_code fault;
  const fs::file_type type = fs::status(path, fault).type();
  if (type == fs::file_type::none || type == fs::file_type::unknown) {
    raise_system_error(path, "look at", fault.value());
  }
  return type;
}

bool path_exists(const fs::path& path) { return entry_type(path) != fs::file_type::not_found; }

std::vector<fs::path> list_directory(const fs::path& directory) {
  std::vector<fs::path> paths;
  std::error_code fault;
  fs::directory_iterator entries(directory, fault);
  for (; !fault && entries != fs::directory_iterator(); entries.increment(fault)) paths.push_back(entries->path());
  if (fault) raise_system_error(directory, "list", fault.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool make_directories(const fs::path& directory) {
  // "a/b/" is "a/b": the entry to be synced is that of b.
  const fs::path path = directory.has_filename() ? directory : directory.parent_path();
  int error = make_one(path);
  if (error == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    make_directories(path.parent_path());
    error = make_one(path);
  }
  if (error == 0) return true;
  if (error == EEXIST && entry_type(path) == fs::file_type::directory) return false;
  raise_system_error(path, "create the directory", error);
}

}  // namespace headlight
