#include "apps/page/line_tail.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "core/io/file.h"

namespace headlight {
namespace {

/// Bytes that are read at once; a longer line is joined from several.
constexpr std::uint64_t kTailPiece = std::uint64_t{1} << 20U;

}  // namespace

std::optional<FileStamp> stamp_of(const std::filesystem::path& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  constexpr std::int64_t kSecond = 1'000'000'000;
  return FileStamp{.file = facts.st_ino,
                   .bytes = static_cast<std::uint64_t>(facts.st_size),
                   .nanoseconds = facts.st_mtim.tv_sec * kSecond + facts.st_mtim.tv_nsec};
}

bool LineTail::read(const std::function<void()>& restart,
                    const std::function<void(std::string_view line, std::size_t number)>& visit) {
  const std::optional<FileStamp> stamp = stamp_of(path_);
  if (stamp == stamp_) return false;
  const bool anew = stamp_ && (!stamp || stamp->file != stamp_->file || stamp->bytes < offset_);
  bool called = false;
  if (anew) {
    offset_ = 0;
    lines_ = 0;
    called = true;
    restart();
  }
  if (!stamp) {
    stamp_ = stamp;
    return called;
  }
  const InputFile file(path_);
  std::string pending;
  for (std::uint64_t at = offset_; at < file.size();) {
    const std::size_t before = pending.size();
    pending.resize(before + std::min(kTailPiece, file.size() - at));
    file.read(at, std::as_writable_bytes(std::span(pending).subspan(before)));
    at += pending.size() - before;
    std::size_t begin = 0;
    for (std::size_t end = pending.find('\n', before); end != std::string::npos; end = pending.find('\n', begin)) {
      offset_ += end + 1 - begin;
      ++lines_;
      called = true;
      visit(std::string_view(pending).substr(begin, end - begin), lines_);
      begin = end + 1;
    }
    pending.erase(0, begin);
  }
  stamp_ = stamp;  // only now: after an error it is read again
  return called;
}

}  // namespace headlight
