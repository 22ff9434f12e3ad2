#include "core/processors.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
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

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

}  // namespace headlight
