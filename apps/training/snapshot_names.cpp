#include "apps/training/snapshot_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "core/io/directory.h"

namespace headlight {
namespace {

constexpr std::string_view kSnapshotFolder = "attention";
constexpr std::string_view kSnapshotPrefix = "step-";
constexpr std::string_view kSnapshotSuffix = ".safetensors";

}  // namespace

std::filesystem::path snapshot_file(const std::filesystem::path& run, std::uint64_t step) {
  return run / kSnapshotFolder / fmt::format("{}{:08}{}", kSnapshotPrefix, step, kSnapshotSuffix);
}

std::vector<std::uint64_t> snapshots_of(const std::filesystem::path& run) {
  std::vector<std::uint64_t> steps;
  if (!path_exists(run / kSnapshotFolder)) return steps;
  for (const std::filesystem::path& path : list_directory(run / kSnapshotFolder)) {
    const std::string name = path.filename().string();
    std::string_view digits = name;
    if (!digits.starts_with(kSnapshotPrefix) || !digits.ends_with(kSnapshotSuffix)) continue;
    digits = digits.substr(kSnapshotPrefix.size(), digits.size() - kSnapshotPrefix.size() - kSnapshotSuffix.size());
    std::uint64_t step = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
    if (error == std::errc() && end == digits.data() + digits.size() && path == snapshot_file(run, step)) {
      steps.push_back(step);
    }
  }
  std::sort(steps.begin(), steps.end());  // names of more than 8 digits stand before shorter ones
  return steps;
}

}  // namespace headlight
