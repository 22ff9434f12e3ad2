#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

/// Where the attention that was recorded lies in a run directory: for those who write it and those who read it.
namespace headlight {

/// The file of the snapshot of a step: attention/step-00002048.safetensors.
std::filesystem::path snapshot_file(const std::filesystem::path& run, std::uint64_t step);

/// The steps of which a run has a snapshot, rising; none where there is no such folder. Throws FileError.
std::vector<std::uint64_t> snapshots_of(const std::filesystem::path& run);

}  // namespace headlight
