#include "core/error.h"
#include "core/io/array_io.h"
#include "core/io/npy.h"
#include "tests/fuzz/fuzz_target.h"

namespace headlight::fuzzing {
namespace {

void try_file(const std::filesystem::path& path) {
  const NpyFile npy(path);
  const StoredTensor& tensor = npy.tensor();
  require(tensor.offset + tensor.bytes == npy.file().size(), "an accepted array ends where its file ends");
  require(tensor_bits(tensor.dtype, tensor.shape) == tensor.bytes * 8, "an accepted array has the bytes of its shape");
  try {
    const Array array = read_array(npy.file(), tensor);
    require(array.dimension() == tensor.shape.size(), "an array read has the rank of its file");
  } catch (const Error&) {
    const Tokens tokens = read_tokens(npy.file(), tensor);
    require(tokens.dimension() == tensor.shape.size(), "tokens read have the rank of their file");
  }
}

}  // namespace
}  // namespace headlight::fuzzing

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    headlight::fuzzing::try_file(headlight::fuzzing::memory_file({data, size}));
  } catch (const headlight::Error&) {
    return 0;  // refused, as most inputs are
  }
  return 0;
}
