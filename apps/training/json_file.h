#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

/// Small JSON files of a run directory. Each holds `"format": 1` at its top.
namespace headlight {

constexpr int kFileFormat = 1;

/// Writes atomically, indented. Throws FileError.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& json);

/// Reads an object of our own strictly. Throws FileError when it cannot be read, is no object, or its format is newer
/// than ours (naming both).
nlohmann::json read_json_file(const std::filesystem::path& path);

/// A member of what read_json_file() gave for `path`. Throws FileError when it is absent or of another type.
std::string text_member(const nlohmann::json& object, const std::string& key, const std::filesystem::path& path);
bool flag_member(const nlohmann::json& object, const std::string& key, const std::filesystem::path& path);

}  // namespace headlight
