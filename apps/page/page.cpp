#include "apps/page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "apps/page/reduce.h"
#include "core/error.h"

namespace headlight {

extern const char* const kViewerPage;

namespace {

constexpr std::string_view kDataLine = "<!--headlight:data-->";

/// Snapshots are thinned to this number before probes are left out: fewer do not show how something was learned.
constexpr std::size_t kFewSnapshots = 8;

/// Room for notes that are still to come when a page is measured.
constexpr std::uint64_t kNoteBytes = 1024;

/// Sections as elements, one behind the other.
class PageSections : public SectionSink {
 public:
  std::size_t add(const std::string& /*place*/, std::span<const std::byte> bytes) override {
    text_ += section_element(count_, bytes) + "\n";
    return count_++;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.3g} MiB", static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << 20U));
}

/// Makes the page again and again while parts are left out.
class Fitting {
 public:
  Fitting(std::vector<ViewRun>& runs, const PageOptions& options) : runs_(runs), options_(options) { draw(); }

  bool fits() const { return page_.size() <= options_.max_size; }
  std::uint64_t size() const { return page_.size(); }
  std::string take() { return std::move(page_); }

  void drop_exact() {
    if (fits()) return;
    bool any = false;
    for (ViewRun& run : runs_) any = drop_exact_steps(run) || any;
    if (!any) return;
    for (ViewRun& run : runs_) run.notes.push_back(note("exact weights are those of the last snapshot alone"));
    draw();
  }

  /// Lowers what `extent` says of each run, in all runs alike, until the page fits or the largest is at `least`.
  void lower(std::size_t least, const std::function<std::size_t(const ViewRun&)>& extent,
             const std::function<bool(ViewRun&, std::size_t)>& keep, std::string_view what) {
    std::vector<std::size_t> before;
    for (const ViewRun& run : runs_) before.push_back(extent(run));
    std::size_t now = *std::max_element(before.begin(), before.end());
    // Bytes of one more. At first as if all of the data were in proportion; then, from two pages, what a difference made:
    // what stays whatever is left out, such as exact weights, is then no part of it.
    double each =
        static_cast<double>(size() - viewer_page().size()) / static_cast<double>(std::max<std::size_t>(now, 1));
    while (!fits() && now > least) {
      const double excess = static_cast<double>(size() + kNoteBytes) - static_cast<double>(options_.max_size);
      const double wanted = static_cast<double>(now) - 1.03 * excess / each;
      const std::size_t last = now;
      const std::uint64_t last_size = size();
      now = std::clamp(static_cast<std::size_t>(std::max(wanted, 0.0)), least, now - 1);
      for (ViewRun& run : runs_) keep(run, now);
      draw();
      const double saved = static_cast<double>(last_size) - static_cast<double>(size());
      each = std::max(saved / static_cast<double>(last - now), 1.0);
    }
    bool any = false;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const std::size_t left = extent(runs_[i]);
      if (left == before[i]) continue;
      any = true;
      runs_[i].notes.push_back(note(fmt::format("{} of {} {} are shown", left, before[i], what)));
    }
    if (any) draw();
  }

 private:
  std::string note(const std::string& what) const {
    return fmt::format("To keep the page below {}, {}; --max-size allows more.", mebibytes(options_.max_size), what);
  }

  void draw() {
    PageSections sections;
    const nlohmann::ordered_json manifest = make_manifest(runs_, options_.facts, sections);
    page_ = page_with("<script type=\"application/json\" id=\"hl-manifest\">" + manifest_text(manifest) +
                      "</script>\n" + sections.text());
  }

  std::vector<ViewRun>& runs_;
  const PageOptions& options_;
  std::string page_;
};

std::size_t most_layers(const ViewRun& run) {
  std::size_t most = 0;
  for (const ViewBlock& block : run.blocks) most = std::max(most, block.layers());
  return most;
}

}  // namespace

std::string_view viewer_page() { return kViewerPage; }

std::string page_with(std::string_view data) {
  const std::string_view page = viewer_page();
  const std::size_t place = page.find(kDataLine);
  if (place == std::string_view::npos) raise<StateError>("page", "the page that was built in has no place for data");
  std::string text;
  text.reserve(page.size() + data.size());
  text.append(page.substr(0, place)).append(data).append(page.substr(place + kDataLine.size()));
  return text;
}

ViewPage view_page(std::vector<ViewRun> runs, const PageOptions& options) {
  if (options.max_size > kLargestPage) {
    raise<ConfigError>("page", "no browser is asked to open a page of this size", mebibytes(options.max_size),
                       fmt::format("at most {}", mebibytes(kLargestPage)));
  }
  std::vector<std::size_t> noted;
  noted.reserve(runs.size());
  for (const ViewRun& run : runs) noted.push_back(run.notes.size());
  Fitting fitting(runs, options);
  fitting.drop_exact();
  const auto snapshots = [](const ViewRun& run) { return run.steps.size(); };
  const auto thin = [](ViewRun& run, std::size_t count) { return thin_snapshots(run, count); };
  fitting.lower(kFewSnapshots, snapshots, thin, "snapshots");
  fitting.lower(
      1, [](const ViewRun& run) { return run.probes.size(); }, keep_probes, "probes");
  fitting.lower(1, most_layers, keep_layers, "layers of a block");
  fitting.lower(1, snapshots, thin, "snapshots");
  if (!fitting.fits()) {
    raise<ConfigError>("page", "what cannot be left out is larger than allowed",
                       fmt::format("{} bytes, --max-size {}", fitting.size(), options.max_size),
                       "allow more with --max-size, or show fewer runs");
  }
  ViewPage page{.html = fitting.take()};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::size_t n = noted[i]; n < runs[i].notes.size(); ++n) {
      page.dropped.push_back(runs.size() == 1 ? runs[i].notes[n] : runs[i].name + ": " + runs[i].notes[n]);
    }
  }
  return page;
}

}  // namespace headlight
