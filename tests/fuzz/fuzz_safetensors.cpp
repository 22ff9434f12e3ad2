#include <vector>

#include "core/error.h"
#include "core/io/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

namespace headlight::fuzzing {
namespace {

void try_file(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  std::uint64_t covered = 0;
  for (const StoredTensor& tensor : file.tensors()) {
    require(tensor_bits(tensor.dtype, tensor.shape) == tensor.bytes * 8, "an accepted tensor has its shape's bytes");
    require(file.find(tensor.name) == &tensor, "an accepted tensor is found by its name");
    std::vector<std::byte> bytes(tensor.bytes);
    file.file().read(tensor.offset, bytes);
    covered += tensor.bytes;
  }
  require(covered < file.file().size(), "the tensors of an accepted file do not overlap");
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
