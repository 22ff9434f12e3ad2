#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/config/config.h"

namespace headlight::config {

/// A short name from the command line and the key it stood for: `lr` and `optimizer.lr`. To be shown to the user.
struct ResolvedAlias {
  std::string alias;
  std::string path;
};

/// A mistake that only those find who build what a config describes.
struct Mistake {
  std::string path;  ///< dotted, indices in lists: "model.blocks.2.body"
  std::string what;
  std::string help;
  enum class At { kValue, kKey, kMissing } at = At::kValue;  ///< the value, its key, or the object that lacks the key
};

/// Where everything in a config was written.
class Origin;

struct LoadedConfig {
  Config config;
  std::vector<ResolvedAlias> aliases;
  std::shared_ptr<const Origin> origin;
};

/// The same config once the files that it names have been read: their sizes are filled in, and what follows from them
/// is derived and checked. Throws ConfigError like reading.
LoadedConfig measured(const LoadedConfig& loaded, const DataSizes& sizes);

/// The messages of mistakes found later, each with its line shown, like those of reading.
std::string explain(const Origin& origin, const std::vector<Mistake>& mistakes);

/// Whether the config or an override says something of this key, or of one below it.
bool says(const Origin& origin, const std::string& path);

/// The text of a config and the name under which messages show it.
struct ConfigText {
  std::string name;
  std::string text;
  std::filesystem::path directory;  ///< what relative paths in it start from; empty: the working directory
};

/// Reads a config: the defaults of the table, then `files` from left to right, then `overrides` (`section.key=value`;
/// a value of null takes back what was said of the key before, which must be one that may be left out).
/// Files are JSON with `//` and `/* */` comments, UTF-8 (a byte order mark is accepted), at most 1 MiB.
/// Throws ConfigError whose text shows every problem at once, in the order of the files and of the places in them; when
/// a file cannot be read or is not JSON, only such problems.
LoadedConfig read_config(const std::vector<std::filesystem::path>& files,
                         const std::vector<std::string>& overrides = {});

/// The same from texts in memory.
LoadedConfig read_config_text(const std::vector<ConfigText>& texts, const std::vector<std::string>& overrides = {});

}  // namespace headlight::config
