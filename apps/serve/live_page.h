#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/page/manifest.h"
#include "apps/page/section.h"
#include "apps/page/view_run.h"

namespace headlight {

/// A section as it is served.
struct LiveSection {
  std::shared_ptr<const std::vector<std::byte>> bytes{};
  std::string crc{};
};

/// All that a server answers with, as of one moment. It never changes: a new one takes its place.
struct LiveState {
  std::string version{};  ///< differs between states, and between servers
  std::string page{};     ///< HTML, without sections
  std::string manifest{};
  std::map<std::size_t, LiveSection> sections{};
};

/// A page that is made again as its run grows. A section that stays as it is keeps its number; one that changes gets a new
/// number, and its old bytes stay for one state more, for pages that are about to ask for them.
class LivePage {
 public:
  /// `instance`: a word of letters and digits that no other server has used; it is part of the sections' addresses, which
  /// browsers keep.
  LivePage(std::string instance, std::string generator);

  /// The page of a run as it is now.
  std::shared_ptr<const LiveState> draw(const ViewRun& run, const std::string& created);

  /// What precedes the number in the address of a section: "section/INSTANCE-".
  std::string section_prefix() const { return "section/" + instance_ + "-"; }

 private:
  class Sections;

  std::string instance_;
  std::string generator_;
  std::uint64_t version_ = 0;
  std::size_t next_ = 0;
  std::map<std::string, std::size_t> numbers_{};  ///< by place, of the last state
  std::shared_ptr<const LiveState> last_ = std::make_shared<LiveState>();
};

/// The policy that a page which is served has: that of the page on disk, and requests to its own server.
std::string live_policy();

}  // namespace headlight
