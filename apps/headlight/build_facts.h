#pragma once

#include <string>

namespace headlight {

/// Facts of this build that decide which bits a run gives: compiler, vector instructions, BLAS and its kernels.
std::string compiler_description();
std::string kernels_description();

}  // namespace headlight
