#include "tests/fuzz/fuzz_target.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace headlight::fuzzing {

std::filesystem::path memory_file(std::span<const std::uint8_t> bytes) {
  static const int file = memfd_create("fuzz", 0);
  const bool written =
      ftruncate(file, 0) == 0 && pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  require(written, "the file in memory takes the input");
  return "/proc/self/fd/" + std::to_string(file);
}

void require(bool holds, const char* property) {
  if (holds) return;
  static_cast<void>(std::fprintf(stderr, "violated: %s\n", property));
  std::abort();
}

}  // namespace headlight::fuzzing
