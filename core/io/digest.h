#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace headlight {

/// XXH64 with seed 0 of a stream of bytes: finds damage (a flipped bit, a lost block), not forgery.
/// Source: xxHash, Y. Collet.
class Digest {
 public:
  /// Number of hexadecimal digits of hex().
  static constexpr std::size_t kDigits = 16;

  Digest();
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void update(std::span<const std::byte> bytes);

  /// 16 lower-case hexadecimal digits, most significant first.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class InputFile;

/// Feeds the bytes from `offset` to the end of the file to the digest, a block at a time. Throws FileError.
void update_from_file(Digest& digest, const InputFile& file, std::uint64_t offset = 0);

/// Digest of a whole file. Throws FileError.
std::string file_digest(const std::filesystem::path& path);

}  // namespace headlight
