#pragma once

#include <string>

/// Faults of the system calls that the io code makes, for test_io_faults.cpp alone: the linker sends open, write,
/// fsync, close, rename and pread through here.
namespace headlight::testing {

enum class Fault {
  kNone,        ///< only count
  kError,       ///< the chosen call fails with the chosen error and does nothing
  kInterrupt,   ///< the chosen call fails once with EINTR
  kShort,       ///< the chosen call, when it is a write or read, handles one byte only
  kExitBefore,  ///< the process ends, as if killed, before the chosen call
  kExitAfter,   ///< the process ends right after it
};

/// Arms one fault at the `call`-th counted call from now on, the first being 0, and starts counting.
void arm(Fault fault, int call, int error = 0);

/// Stops counting and faults. Returns how many calls were counted.
int disarm();

/// Name of the call at which the fault struck, empty when it never did.
const std::string& struck();

}  // namespace headlight::testing
