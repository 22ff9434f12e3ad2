#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/page/view_run.h"

namespace headlight {

/// The inputs of a run's probes.json as a page has them; `arch`: "encoder", "decoder" or "encoder-decoder".
/// Throws FileError.
std::vector<ViewProbe> read_probes(const std::filesystem::path& path, const std::string& arch);

}  // namespace headlight
