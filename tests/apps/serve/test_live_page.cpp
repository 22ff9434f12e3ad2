// A page that is made again as its run grows: which sections keep their numbers, and what the page may load.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/page/page.h"
#include "apps/serve/live_page.h"

using namespace headlight;
using Catch::Contains;
using nlohmann::json;

namespace {

ViewRun growing(std::size_t points) {
  ViewRun run;
  run.name = "growing";
  run.scalars = {{.split = "train", .name = "loss"}, {.split = "eval", .name = "loss", .steps = {1}, .values = {2}}};
  for (std::size_t i = 0; i < points; ++i) {
    run.scalars[0].steps.push_back(static_cast<double>(i));
    run.scalars[0].values.push_back(0.5);
  }
  return run;
}

std::size_t section_of_curve(const LiveState& state, std::size_t curve) {
  return json::parse(state.manifest)["runs"][0]["scalars"][curve]["section"];
}

}  // namespace

TEST_CASE("A section that stays as it is keeps its number, one that changes gets one that was never used") {
  LivePage page("abc", "headlight test");
  const auto first = page.draw(growing(1), "now");
  const auto second = page.draw(growing(2), "now");
  const auto third = page.draw(growing(3), "now");
  CHECK(section_of_curve(*first, 1) == section_of_curve(*second, 1));
  CHECK(section_of_curve(*first, 0) != section_of_curve(*second, 0));
  CHECK(section_of_curve(*third, 0) != section_of_curve(*first, 0));
  // A page that has just read the last manifest may still ask; older ones are gone.
  CHECK(second->sections.contains(section_of_curve(*first, 0)));
  CHECK_FALSE(third->sections.contains(section_of_curve(*first, 0)));
  CHECK(third->sections.contains(section_of_curve(*second, 0)));
  const LiveSection& section = third->sections.at(section_of_curve(*third, 0));
  CHECK(section.bytes->size() == 3 * 16);
  CHECK(section.crc == crc_text(*section.bytes));
  CHECK(first->version != second->version);
}

TEST_CASE("A served page has no sections in it, names where they are, and may ask its own server alone") {
  LivePage page("abc", "headlight test");
  const auto state = page.draw(growing(1), "2024-05-01T12:00:00Z");
  const json live = json::parse(state->manifest)["live"];
  CHECK(live["sections"] == "section/abc-");
  CHECK(live["manifest"] == "manifest");
  CHECK(live["events"] == "events?since=" + state->version);
  CHECK_THAT(state->page, Contains(state->manifest) && !Contains("id=\"hl-s0\""));
  CHECK_THAT(state->page, Contains("worker-src blob:; connect-src 'self'\">"));
  CHECK_THAT(live_policy(), Catch::StartsWith("default-src 'none'") && Contains("connect-src 'self'"));
  CHECK(viewer_page().find("connect-src") == std::string_view::npos);
}
