#pragma once

#include <filesystem>
#include <functional>

#include <nlohmann/json_fwd.hpp>

/// Logs with one JSON value per line. A last line that a kill left without its end is none; one that is no JSON is
/// given as a discarded value.
namespace headlight {

/// Calls `visit` with each line; nothing where there is no file. Throws FileError.
void read_json_lines(const std::filesystem::path& path, const std::function<void(const nlohmann::json&)>& visit);

/// Drops the lines for which `keep` is false. The file is replaced as a whole. Throws FileError.
void rewind_json_lines(const std::filesystem::path& path, const std::function<bool(const nlohmann::json&)>& keep);

}  // namespace headlight
