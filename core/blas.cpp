#include "core/blas.h"

#include <cblas.h>

#include <string>

namespace headlight {

void keep_blas_single_threaded() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

const char* blas_description() {
  static const std::string text = std::string("OpenBLAS ") + openblas_get_corename();
  return text.c_str();
}

}  // namespace headlight
