#pragma once

/// The BLAS library in use. Products are computed through core/gemm.h.
namespace headlight {

/// Keeps BLAS to the calling thread from here on: core/parallel owns the threads, and a second team beside it would
/// fight for the same processors. Called by every product; cheap after the first time.
void keep_blas_single_threaded();

/// Library and the kernels it chose for this processor, such as "OpenBLAS Haswell". Kernels round differently, so runs
/// can only be compared bit for bit when this agrees.
const char* blas_description();

}  // namespace headlight
