#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/page/section.h"
#include "apps/page/view_run.h"

namespace headlight {

/// What a page says besides its runs.
struct ManifestFacts {
  std::string generator{};  ///< "headlight 0.1.0"
  std::string created{};    ///< UTC, "2024-05-01T12:00:00Z"
  std::vector<std::string> notes{};
};

/// The manifest of headlight.view/1; the sections that it names go to `sink` in the order in which a reader wants them.
/// Runs without an id get "a", "b" and so on. Throws ConfigError where there is no run, ShapeError where parts of a run
/// do not fit together.
nlohmann::ordered_json make_manifest(std::span<const ViewRun> runs, const ManifestFacts& facts, SectionSink& sink);

/// A manifest as it stands in a page: every `<` as \u003c, so that no text of it ends the element.
std::string manifest_text(const nlohmann::ordered_json& manifest);

}  // namespace headlight
