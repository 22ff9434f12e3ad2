#include "apps/serve/live_page.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/page/page.h"
#include "core/error.h"

namespace headlight {
namespace {

constexpr std::string_view kPolicyBegin = "http-equiv=\"Content-Security-Policy\" content=\"";

/// Where the policy stands in the page: its first byte and its length.
std::pair<std::size_t, std::size_t> policy_in(std::string_view page) {
  const std::size_t mark = page.find(kPolicyBegin);
  if (mark == std::string_view::npos) raise<StateError>("serve", "the page that was built in has no policy");
  const std::size_t begin = mark + kPolicyBegin.size();
  return {begin, page.find('"', begin) - begin};
}

}  // namespace

std::string live_policy() {
  const auto [begin, length] = policy_in(viewer_page());
  return std::string(viewer_page().substr(begin, length)) + "; connect-src 'self'";
}

/// Gives numbers to sections, those of the last state to equal ones.
class LivePage::Sections : public SectionSink {
 public:
  explicit Sections(LivePage& page) : page_(page) {}

  std::size_t add(const std::string& place, std::span<const std::byte> bytes) override {
    const auto before = page_.numbers_.find(place);
    if (before != page_.numbers_.end()) {
      const auto same = page_.last_->sections.find(before->second);
      if (same != page_.last_->sections.end() && std::ranges::equal(*same->second.bytes, bytes)) {
        sections[same->first] = same->second;
        numbers[place] = same->first;
        return same->first;
      }
    }
    const std::size_t number = page_.next_++;
    sections[number] = {.bytes = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end()),
                        .crc = crc_text(bytes)};
    numbers[place] = number;
    return number;
  }

  std::map<std::size_t, LiveSection> sections{};
  std::map<std::string, std::size_t> numbers{};

 private:
  LivePage& page_;
};

LivePage::LivePage(std::string instance, std::string generator)
    : instance_(std::move(instance)), generator_(std::move(generator)) {}

std::shared_ptr<const LiveState> LivePage::draw(const ViewRun& run, const std::string& created) {
  Sections sections(*this);
  auto state = std::make_shared<LiveState>();
  state->version = fmt::format("{}-{}", instance_, ++version_);
  nlohmann::ordered_json manifest =
      make_manifest(std::span(&run, 1), {.generator = generator_, .created = created}, sections);
  manifest["live"] = {{"events", "events?since=" + state->version},
                      {"manifest", "manifest"},
                      {"sections", section_prefix()}};
  state->manifest = manifest_text(manifest);
  state->page = page_with("<script type=\"application/json\" id=\"hl-manifest\">" + state->manifest + "</script>");
  const auto [begin, length] = policy_in(state->page);
  state->page.replace(begin, length, live_policy());
  // One state more: those that only the last one names.
  state->sections = sections.sections;
  for (const auto& [place, number] : numbers_) {
    const auto old = last_->sections.find(number);
    if (old != last_->sections.end()) state->sections.insert(*old);
  }
  numbers_ = std::move(sections.numbers);
  last_ = state;
  return state;
}

}  // namespace headlight
