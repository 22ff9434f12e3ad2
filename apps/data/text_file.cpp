#include "apps/data/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "apps/data/line_file.h"
#include "apps/data/utf8.h"
#include "core/error.h"
#include "core/io/digest.h"
#include "core/io/json_tokens.h"

namespace headlight {
namespace {

constexpr std::size_t kUnits = 0x110000;

/// Counts the units of a file and notes which there are.
class Scan {
 public:
  Scan(const std::filesystem::path& path, TextUnit unit, SparseIndex& index)
      : path_(path), unit_(unit), index_(index), first_lines_(unit == TextUnit::byte ? 256 : kUnits, 0) {}

  /// Returns the bytes at the end that need the next block.
  std::size_t add(std::string_view block, std::uint64_t offset, bool last) {
    const std::size_t rest = unit_ == TextUnit::byte || last ? 0 : unfinished_bytes(block);
    block.remove_suffix(rest);
    if (unit_ == TextUnit::byte) {
      for (const char byte : block) note(static_cast<unsigned char>(byte));
      return 0;
    }
    check(block);
    for (std::size_t i = 0; i < block.size();) {
      if (offset + i >= index_.next_offset()) index_.add({.element = size_, .offset = offset + i, .line = line_});
      note(next_code_point(block, i));
    }
    return rest;
  }

  std::uint64_t size() const { return size_; }
  std::vector<TextFile::Seen> seen() const {
    std::vector<TextFile::Seen> units;
    for (std::size_t unit = 0; unit < first_lines_.size(); ++unit) {
      if (first_lines_[unit] != 0) units.push_back({static_cast<char32_t>(unit), first_lines_[unit]});
    }
    return units;
  }

 private:
  void note(char32_t unit) {
    if (first_lines_[unit] == 0) first_lines_[unit] = line_;
    if (unit == U'\n') ++line_;
    ++size_;
  }
  void check(std::string_view block) const {
    const auto fault = first_invalid_utf8(block);
    if (!fault) return;
    const auto lines = std::count(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(*fault), '\n');
    LinePlace{path_, line_ + static_cast<std::uint64_t>(lines)}.raise(
        "the text is not valid UTF-8", fmt::format("a byte is 0x{:02X}", static_cast<unsigned char>(block[*fault])),
        "save the file as UTF-8, or set `task.level` to \"byte\"");
  }

  const std::filesystem::path& path_;
  TextUnit unit_;
  SparseIndex& index_;
  std::vector<std::uint64_t> first_lines_;  ///< of each unit; 0: not seen
  std::uint64_t line_ = 1;
  std::uint64_t size_ = 0;
};

}  // namespace

TextFile::TextFile(const std::filesystem::path& path, TextUnit unit) : file_(open_data(path)), unit_(unit) { scan(); }

void TextFile::scan() {
  Digest digest;
  Scan scan(file_.path(), unit_, index_);
  std::string block;
  std::uint64_t offset = 0;  // of the block's first byte
  while (offset + block.size() < file_.size()) {
    const std::size_t kept = block.size();
    const std::uint64_t from = offset + kept;
    block.resize(kept + std::min<std::uint64_t>(kDataBlock, file_.size() - from));
    const std::span<char> fresh = std::span(block).subspan(kept);
    file_.read(from, std::as_writable_bytes(fresh));
    digest.update(std::as_bytes(fresh));
    std::size_t mark = 0;
    if (offset == 0 && unit_ == TextUnit::code_point && block.starts_with(kByteOrderMark)) mark = kByteOrderMark.size();
    const bool last = offset + block.size() == file_.size();
    const std::size_t rest = scan.add(std::string_view(block).substr(mark), offset + mark, last);
    offset += block.size() - rest;
    block.erase(0, block.size() - rest);
  }
  size_ = scan.size();
  seen_ = scan.seen();
  if (size_ == 0) {
    raise<ConfigError>(file_.path().string(), "the text is empty", fmt::format("{} bytes", file_.size()),
                       "give a file with text in it");
  }
  facts_ = {.path = file_.path(), .bytes = file_.size(), .digest = digest.hex()};
}

void TextFile::read(std::uint64_t first, std::size_t count, std::vector<char32_t>& units) const {
  units.clear();
  if (first > size_ || count > size_ - first) {
    raise<StateError>(file_.path().string(), fmt::format("there are no units {} to {}", first, first + count));
  }
  std::string bytes;
  const auto fetch = [&](std::uint64_t offset, std::uint64_t most) {
    bytes.resize(std::min(most, file_.size() - offset));
    file_.read(offset, std::as_writable_bytes(std::span(bytes)));
  };
  if (unit_ == TextUnit::byte) {
    fetch(first, count);
    for (const char byte : bytes) units.push_back(static_cast<unsigned char>(byte));
    return;
  }
  const SparseIndex::Entry entry = index_.before(first);
  const std::uint64_t behind = first - entry.element;
  fetch(entry.offset, 4 * (behind + count));
  bytes.resize(bytes.size() - unfinished_bytes(bytes));
  const bool damaged = first_invalid_utf8(bytes).has_value();
  std::size_t position = 0;
  for (std::uint64_t i = 0; !damaged && i < behind && position < bytes.size(); ++i) {
    position += utf8_length(bytes[position]);
  }
  while (!damaged && units.size() < count && position < bytes.size()) units.push_back(next_code_point(bytes, position));
  if (units.size() < count) {
    raise<ConfigError>(file_.path().string(), "the file has changed while it was in use", {}, "start again");
  }
}

}  // namespace headlight
