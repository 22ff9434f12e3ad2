#include "core/io/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/io/file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace headlight {

struct Digest::State {
  XXH64_state_t stream;
};

Digest::Digest() : state_(std::make_unique<State>()) { XXH64_reset(&state_->stream, 0); }
Digest::~Digest() = default;

void Digest::update(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH64_update(&state_->stream, bytes.data(), bytes.size());
}

std::string Digest::hex() const { return fmt::format("{:016x}", XXH64_digest(&state_->stream)); }

void update_from_file(Digest& digest, const InputFile& file, std::uint64_t offset) {
  constexpr std::uint64_t block_bytes = std::uint64_t{1} << 18;
  std::vector<std::byte> block(block_bytes);
  while (offset < file.size()) {
    const std::span<std::byte> part = std::span(block).first(std::min(block_bytes, file.size() - offset));
    file.read(offset, part);
    digest.update(part);
    offset += part.size();
  }
}

std::string file_digest(const std::filesystem::path& path) {
  Digest digest;
  update_from_file(digest, InputFile(path));
  return digest.hex();
}

}  // namespace headlight
