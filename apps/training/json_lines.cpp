#include "apps/training/json_lines.h"

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "core/io/directory.h"
#include "core/io/file.h"

namespace headlight {
namespace {

constexpr std::uint64_t kLargestLog = std::uint64_t{1} << 32U;

template <class Visit>
void for_each_line(const std::string& text, const Visit& visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) return;
    visit(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace

void read_json_lines(const std::filesystem::path& path, const std::function<void(const nlohmann::json&)>& visit) {
  if (!path_exists(path)) return;
  for_each_line(read_file(path, kLargestLog),
                [&](const std::string& line) { visit(nlohmann::json::parse(line, nullptr, false)); });
}

void rewind_json_lines(const std::filesystem::path& path, const std::function<bool(const nlohmann::json&)>& keep) {
  if (!path_exists(path)) return;
  const std::string text = read_file(path, kLargestLog);
  std::string kept;
  kept.reserve(text.size());
  for_each_line(text, [&](const std::string& line) {
    if (!keep(nlohmann::json::parse(line, nullptr, false))) return;
    kept += line;
    kept += '\n';
  });
  if (kept != text) write_file_atomically(path, kept);
}

}  // namespace headlight
