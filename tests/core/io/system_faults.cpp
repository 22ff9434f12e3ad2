#include "tests/core/io/system_faults.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>

namespace headlight::testing {
namespace {

struct State {
  Fault fault = Fault::kNone;
  bool counting = false;
  int chosen = 0;
  int error = 0;
  int calls = 0;
  std::string struck;
};
State state;

/// Counts a call; true when the fault is to strike here.
bool strikes(const char* name) {
  if (!state.counting || state.calls++ != state.chosen || state.fault == Fault::kNone) return false;
  state.struck = name;
  return true;
}

/// Makes the call `real`, or fails, or ends the process, as armed.
template <class Real>
auto intercept(const char* name, Real real) -> decltype(real()) {
  if (!strikes(name)) return real();
  switch (state.fault) {
    case Fault::kError:
      errno = state.error;
      return -1;
    case Fault::kInterrupt:
      errno = EINTR;
      return -1;
    case Fault::kExitBefore:
      ::_exit(0);
    case Fault::kExitAfter:
      real();
      ::_exit(0);
    default:
      return real();
  }
}

bool cuts_short() { return state.counting && state.fault == Fault::kShort && state.calls == state.chosen; }

}  // namespace

void arm(Fault fault, int call, int error) { state = {fault, true, call, error, 0, {}}; }

int disarm() {
  state.counting = false;
  return state.calls;
}

const std::string& struck() { return state.struck; }

}  // namespace headlight::testing

using headlight::testing::cuts_short;
using headlight::testing::intercept;

// The names are the linker's.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
extern "C" {
int __real_open(const char* path, int flags, ...);
ssize_t __real_write(int descriptor, const void* bytes, std::size_t count);
ssize_t __real_pread(int descriptor, void* bytes, std::size_t count, off_t offset);
int __real_fsync(int descriptor);
int __real_close(int descriptor);
int __real_rename(const char* from, const char* to);

int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return intercept("open", [&] { return __real_open(path, flags, mode); });
}

ssize_t __wrap_write(int descriptor, const void* bytes, std::size_t count) {
  if (cuts_short()) count = std::min<std::size_t>(count, 1);
  return intercept("write", [&] { return __real_write(descriptor, bytes, count); });
}

ssize_t __wrap_pread(int descriptor, void* bytes, std::size_t count, off_t offset) {
  if (cuts_short()) count = std::min<std::size_t>(count, 1);
  return intercept("pread", [&] { return __real_pread(descriptor, bytes, count, offset); });
}

int __wrap_fsync(int descriptor) {
  return intercept("fsync", [&] { return __real_fsync(descriptor); });
}

int __wrap_close(int descriptor) {
  // Linux closes the descriptor whatever it reports.
  return intercept("close", [&] { return __real_close(descriptor); });
}

int __wrap_rename(const char* from, const char* to) {
  return intercept("rename", [&] { return __real_rename(from, to); });
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
