#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "apps/training/weight_plan.h"
#include "core/io/safetensors.h"
#include "layers/module.h"

/// The parameters and buffers of a model as a safetensors file: under their dotted names, or as other tools name and pack
/// them.
namespace headlight::inline HEADLIGHT_PRECISION {

struct LoadOptions {
  Renames rename = {};
  std::optional<WeightFormat> format = {};  ///< without: found from the names
  bool require_digest = false;              ///< for files of our own
  std::optional<std::uint64_t> step = {};   ///< the file must be of a checkpoint of this step
};

/// Everything of a module that a weight file holds: its parameters, then its buffers.
std::vector<NamedBuffer> saved_tensors(const Module& module);

/// Writes all parameters and buffers atomically. The same values and metadata give the same bytes. Throws FileError.
void save_weights(const std::filesystem::path& path, const Module& module, const Metadata& metadata);

struct ExportOptions {
  WeightFormat format = WeightFormat::headlight;
  Renames rename = {};  ///< as for loading, read backwards: the file gets the names on the left
  Metadata metadata = {};
};

/// The inverse of load_weights: writes the parameters as another tool names, packs and turns them. What has no
/// counterpart there keeps its name. Throws FileError, ConfigError as load_weights does and when two parameters would
/// be written under one name.
void export_weights(const std::filesystem::path& path, const Module& module, const ExportOptions& options);

/// The values of all parameters and buffers in the order of saved_tensors(), read and checked but not yet given to the
/// module. Throws as load_weights does.
std::vector<Array> read_weights(const std::filesystem::path& path, const Module& module,
                                const LoadOptions& options = {});

/// Reads all parameters and buffers; any stored floating-point type is converted. Either all are replaced or, on an error, none.
/// A model with tied embeddings takes a file with a head of its own when both tables are equal, one without reads a
/// missing GPT-2 head from the embedding.
/// Throws FileError that lists every missing, unknown and misshapen tensor, or for a file of ours of another format or
/// step; ConfigError when `rename` names no
/// parameter of ours, the same one twice, or nothing in the file.
void load_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
