#include "layers/memory_limit.h"

#include <fmt/format.h>

#include "core/error.h"

namespace headlight::inline HEADLIGHT_PRECISION {

double element_count(const Shape& shape) {
  double count = 1;
  for (const std::size_t extent : shape) count *= static_cast<double>(extent);
  return count;
}

void check_memory(const char* op, double numbers, std::size_t copies, std::size_t memory) {
  const double bytes = numbers * static_cast<double>(copies * sizeof(Real));
  if (bytes <= static_cast<double>(memory)) return;
  raise<ConfigError>(op, "it would not fit into the memory of this machine",
                     fmt::format("{:.0f} numbers{} need {:.0f} bytes of {}", numbers,
                                 copies == 2 ? " and their gradients" : "", bytes, memory),
                     "make the sizes smaller");
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
