#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/training/weight_names.h"
#include "core/io/safetensors.h"

namespace headlight {

/// Name in the file -> our name; "" on the right leaves a tensor of the file out. When both sides end with a dot or one
/// of them is empty instead, every name that begins so is renamed, before formats are told apart:
///     {"their.head": "head.weight"}   {"positional_encoding.pe": ""}
///     {"module.transformer.": "transformer."}   {"model.": ""}   {"": "transformer."}
using Renames = std::map<std::string, std::string>;

/// Which tensors of a file the parameters of a model come from.
struct ReadingPlan {
  WeightFormat format = WeightFormat::headlight;
  StoredPlaces places{};                ///< names as in the file
  std::vector<std::string> left_out{};  ///< tensors that hold no weights of ours, by name
  std::optional<std::string> tied{};    ///< a tensor that must equal that of our embedding, which our head shares
};

/// Where a rename was given that an error is about: the key of a config, or an export.
constexpr std::string_view kLoadRename = "model.load.rename";
constexpr std::string_view kExport = "export";

/// Plans the reading of `file` into parameters `ours`; `format` is found from the names when it is not given: ours when
/// all of our names are there.
/// Throws ConfigError when `rename` names no parameter of ours, the same one twice, or nothing in the file.
ReadingPlan plan_reading(const SafetensorsFile& file, std::span<const OurParameter> ours, const Renames& rename,
                         std::optional<WeightFormat> format);

/// Where the parameters go in a file of this format, renamed backwards. Throws ConfigError as plan_reading does.
StoredPlaces plan_writing(std::span<const OurParameter> ours, const Renames& rename, WeightFormat format);

/// The tensors that these places make up, with the shapes that they have in a file, sorted by name. Throws
/// ConfigError, as from `where`, when a whole tensor is to serve parameters of different shapes.
std::vector<ExpectedTensor> stored_tensors(std::span<const OurParameter> ours, const StoredPlaces& places,
                                           std::string_view where);

}  // namespace headlight
