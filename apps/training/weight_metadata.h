#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/io/safetensors.h"

namespace headlight {

/// What our own safetensors files say of themselves besides their tensors.
constexpr std::string_view kFormatKey = "headlight.format";  ///< kFileFormat
constexpr std::string_view kStepKey = "headlight.step";      ///< completed updates

/// kFormatKey and kStepKey, for a file of a checkpoint.
Metadata checkpoint_metadata(std::uint64_t step);

/// Throws FileError when the file is of another format of ours than kFileFormat (files of other tools name none), and,
/// with `step`, unless it names our format and that step.
void check_metadata(const SafetensorsFile& file, std::optional<std::uint64_t> step = {});

}  // namespace headlight
