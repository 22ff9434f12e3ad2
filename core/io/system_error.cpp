#include "core/io/system_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "core/error.h"

namespace headlight {
namespace {

std::string_view remedy_for(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case ENAMETOOLONG:
      return "choose a shorter name";
    case ELOOP:
      return "check the symbolic links";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check the permissions";
    case ENOSPC:
    case EDQUOT:
      return "free some space or choose another disk";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f)";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    case EIO:
      return "check the disk";
    default:
      return {};
  }
}

}  // namespace

void raise_system_error(const std::filesystem::path& path, std::string_view action, int error,
                        std::string_view remedy) {
  raise<FileError>(path.string(), "cannot " + std::string(action),
                   std::generic_category().message(error) + " (errno " + std::to_string(error) + ")",
                   remedy.empty() ? remedy_for(error) : remedy);
}

}  // namespace headlight
