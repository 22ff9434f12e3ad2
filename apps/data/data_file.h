#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace headlight {

/// A file as it was when it was read.
struct DataFile {
  std::filesystem::path path{};
  std::uint64_t bytes = 0;
  std::string digest{};  ///< XXH64 of its bytes, see Digest
};

}  // namespace headlight
