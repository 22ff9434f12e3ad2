#include "apps/data/line_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "apps/data/utf8.h"
#include "core/error.h"
#include "core/io/digest.h"
#include "core/io/json_tokens.h"

namespace headlight {
namespace {

constexpr std::size_t kLongestLine = std::size_t{64} << 20U;

/// What of a line is the item: nothing of one that is blank.
std::string_view item_of(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.find_first_not_of(" \t") == std::string_view::npos ? std::string_view() : line;
}

void check_line(const LinePlace& place, std::string_view line) {
  if (line.size() > kLongestLine) {
    place.raise("the line is longer than 64 MiB", {}, "write one example per line");
  }
  if (const auto fault = first_invalid_utf8(line)) {
    place.raise("the line is not valid UTF-8",
                fmt::format("byte {} is 0x{:02X}", *fault + 1, static_cast<unsigned char>(line[*fault])),
                "save the file as UTF-8");
  }
}

/// Cuts a file into lines.
class Lines {
 public:
  explicit Lines(std::function<void(std::uint64_t offset, std::uint64_t line, std::string_view text)> visit)
      : visit_(std::move(visit)) {}

  void add(std::string_view block) {
    for (std::size_t begin = 0; begin < block.size();) {
      const std::size_t newline = block.find('\n', begin);
      if (newline == std::string_view::npos) {
        // Of a line that is too long no more is kept than what shows it.
        const std::string_view rest = block.substr(begin);
        begun_.append(rest.substr(0, kLongestLine + 1 - std::min(begun_.size(), kLongestLine + 1)));
        length_ += rest.size();
        return;
      }
      const std::string_view part = block.substr(begin, newline - begin);
      if (length_ == 0) {
        end_line(part, part.size() + 1);
      } else {
        begun_.append(part);
        end_line(begun_, length_ + part.size() + 1);
      }
      begin = newline + 1;
    }
  }
  void finish() {
    if (length_ != 0) end_line(begun_, length_);
  }

 private:
  void end_line(std::string_view text, std::uint64_t bytes) {
    visit_(offset_, line_, text);
    offset_ += bytes;
    ++line_;
    length_ = 0;
    begun_.clear();
  }

  std::function<void(std::uint64_t, std::uint64_t, std::string_view)> visit_;
  std::uint64_t offset_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t length_ = 0;  ///< bytes of the line that has no end so far
  std::string begun_;         ///< these bytes
};

}  // namespace

InputFile open_data(const std::filesystem::path& path) {
  try {
    return InputFile(path);
  } catch (const FileError& error) {
    throw ConfigError(fmt::format("{}; give the path of a file of examples", error.what()));
  }
}

LineFile::LineFile(const std::filesystem::path& path, const Visit& visit) : file_(open_data(path)) {
  Digest digest;
  LineFaults faults;
  Lines lines([&](std::uint64_t offset, std::uint64_t line, std::string_view text) {
    const std::size_t mark = offset == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    const std::string_view item = item_of(text.substr(mark));
    if (item.empty()) return;
    index_.add({.element = items_, .offset = offset + mark, .line = line});
    ++items_;
    const LinePlace place{file_.path(), line};
    faults.collect([&] {
      check_line(place, item);
      visit(place, item);
    });
  });
  std::vector<char> block(kDataBlock);
  for (std::uint64_t offset = 0; offset < file_.size(); offset += block.size()) {
    block.resize(std::min<std::uint64_t>(kDataBlock, file_.size() - offset));
    file_.read(offset, std::as_writable_bytes(std::span(block)));
    digest.update(std::as_bytes(std::span(block)));
    lines.add({block.data(), block.size()});
  }
  lines.finish();
  faults.raise_all();
  if (items_ == 0) {
    raise<ConfigError>(path.string(), "the file holds no examples", fmt::format("{} bytes", file_.size()),
                       "write one example per line");
  }
  facts_ = {.path = file_.path(), .bytes = file_.size(), .digest = digest.hex()};
}

std::uint64_t LineFile::read(std::uint64_t item, std::string& text) const {
  if (item >= items_) raise<StateError>(file_.path().string(), fmt::format("there is no item {}", item));
  const SparseIndex::Entry entry = index_.before(item);
  std::uint64_t behind = item - entry.element;
  std::uint64_t line = entry.line;
  std::uint64_t offset = entry.offset;
  std::array<char, 2 * SparseIndex::kStride> block{};
  text.clear();
  // Whether the item in `text` is the one that was asked for.
  const auto ended = [&] {
    const std::string_view found = item_of(text);
    if (!found.empty() && behind == 0) {
      text.resize(found.size());
      return true;
    }
    behind -= found.empty() ? 0U : 1U;
    ++line;
    text.clear();
    return false;
  };
  while (offset < file_.size()) {
    const std::size_t count = std::min<std::uint64_t>(block.size(), file_.size() - offset);
    file_.read(offset, std::as_writable_bytes(std::span(block).first(count)));
    offset += count;
    std::string_view rest(block.data(), count);
    for (std::size_t newline = rest.find('\n'); newline != std::string_view::npos; newline = rest.find('\n')) {
      text.append(rest.substr(0, newline));
      if (ended()) return line;
      rest.remove_prefix(newline + 1);
    }
    text.append(rest);
  }
  if (ended()) return line;
  raise<ConfigError>(file_.path().string(), "the file has changed while it was in use", {}, "start again");
}

}  // namespace headlight
