#include "core/processors.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace headlight {

std::size_t usable_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  // Fails on a machine with more processors than the set has room for.
  const bool known = ::sched_getaffinity(0, sizeof(allowed), &allowed) == 0;
  const auto count = static_cast<std::size_t>(known ? CPU_COUNT(&allowed) : 0);
  return std::max<std::size_t>(count > 0 ? count : std::thread::hardware_concurrency(), 1);
}

}  // namespace headlight
