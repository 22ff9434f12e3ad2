#include "apps/training/json_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/strict_json.h"

namespace headlight {

void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& json) {
  write_file_atomically(path, json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

nlohmann::json read_json_file(const std::filesystem::path& path) {
  constexpr std::uint64_t kLargest = std::uint64_t{64} << 20U;
  nlohmann::json json = parse_json(read_file(path, kLargest), {}, path.string());
  const auto format = json.is_object() ? json.find("format") : json.end();
  if (format == json.end() || !format->is_number_unsigned()) {
    raise<FileError>(path.string(), "it is not a file of ours: it names no format");
  }
  if (*format != kFileFormat) {
    raise<FileError>(path.string(), "its format is not the one of this program",
                     fmt::format("format {}, this program reads {}", format->get<std::uint64_t>(), kFileFormat),
                     "use the Headlight that wrote it, or a newer one");
  }
  return json;
}

std::string text_member(const nlohmann::json& object, const std::string& key, const std::filesystem::path& path) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    raise<FileError>(path.string(), fmt::format("`{}` must be a string", key));
  }
  return found->get<std::string>();
}

bool flag_member(const nlohmann::json& object, const std::string& key, const std::filesystem::path& path) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_boolean()) {
    raise<FileError>(path.string(), fmt::format("`{}` must be true or false", key));
  }
  return found->get<bool>();
}

}  // namespace headlight
