#include "apps/headlight/build_facts.h"

#include <fmt/format.h>

#include "core/blas.h"

namespace headlight {

std::string compiler_description() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string kernels_description() {
#if defined(__AVX512F__)
  constexpr const char* kVectors = "AVX-512";
#elif defined(__AVX2__)
  constexpr const char* kVectors = "AVX2";
#else
  constexpr const char* kVectors = "SSE2";
#endif
  return fmt::format("{}, {}", kVectors, blas_description());
}

}  // namespace headlight
