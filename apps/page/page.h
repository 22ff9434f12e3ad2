#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/page/manifest.h"
#include "apps/page/view_run.h"

namespace headlight {

/// The page without data, as `apps/viewer` builds it.
std::string_view viewer_page();

/// viewer_page() with `data` in the place where its data go.
std::string page_with(std::string_view data);

/// The largest page that is ever written.
inline constexpr std::uint64_t kLargestPage = std::uint64_t{256} << 20U;

struct PageOptions {
  std::uint64_t max_size = std::uint64_t{16} << 20U;  ///< bytes of the whole page
  ManifestFacts facts{};
};

struct ViewPage {
  std::string html{};
  std::vector<std::string> dropped{};  ///< sentences on what was left out for the size; they are among the page's notes
};

/// One HTML file that shows the runs. Where it would be larger than `max_size`, exact weights of other steps than the
/// last are left out, then snapshots, probes, and layers.
/// Throws ConfigError where there is no run, `max_size` is above kLargestPage, or what cannot be left out is larger.
ViewPage view_page(std::vector<ViewRun> runs, const PageOptions& options);

}  // namespace headlight
