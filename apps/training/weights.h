#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/io/safetensors.h"
#include "layers/module.h"

/// The parameters and buffers of a model as a safetensors file, each under its dotted name.
namespace headlight::inline HEADLIGHT_PRECISION {

/// Name in the file -> our name.
using Renames = std::map<std::string, std::string>;

struct LoadOptions {
  Renames rename = {};
  bool require_digest = false;  ///< for files of our own
};

/// Everything of a module that a weight file holds: its parameters, then its buffers.
std::vector<NamedBuffer> saved_tensors(const Module& module);

/// Writes all parameters and buffers atomically. The same parameters and metadata give the same bytes. Throws FileError.
void save_weights(const std::filesystem::path& path, const Module& module, const Metadata& metadata);

/// The values of all parameters and buffers in the order of saved_tensors(), read and checked but not yet given to the
/// module. Throws as load_weights does.
std::vector<Array> read_weights(const std::filesystem::path& path, const Module& module,
                                const LoadOptions& options = {});

/// Reads all parameters and buffers; any stored floating-point type is converted. Either all are replaced or, on an error, none.
/// Throws FileError that lists every missing, unknown and misshapen tensor, ConfigError when `rename` names none of
/// ours or the same one twice.
void load_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
