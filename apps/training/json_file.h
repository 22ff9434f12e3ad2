#pragma once

#include <filesystem>

#include <nlohmann/json_fwd.hpp>

/// Small JSON files of a run directory. Each holds `"format": 1` at its top.
namespace headlight {

constexpr int kFileFormat = 1;

/// Writes atomically, indented. Throws FileError.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& json);

/// Reads an object of our own strictly. Throws FileError when it cannot be read, is no object, or its format is newer
/// than ours (naming both).
nlohmann::json read_json_file(const std::filesystem::path& path);

}  // namespace headlight
