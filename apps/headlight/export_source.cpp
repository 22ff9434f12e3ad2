#include "apps/headlight/export_source.h"

#include "apps/config/read.h"
#include "apps/headlight/snapshot_maps.h"
#include "apps/training/run_directory.h"

namespace headlight {

ExportSource::ExportSource(const ExportArguments& arguments)
    : arguments_(arguments),
      directory_(find_run(arguments.run)),
      config_(config::read_config({directory_ / "config.json"}).config) {}

const OpenedRun& ExportSource::checkpoint() {
  if (!checkpoint_) checkpoint_ = open_run(directory_, arguments_.checkpoint);
  return *checkpoint_;
}

const ViewRun& ExportSource::recorded() {
  if (!recorded_) {
    std::vector<std::uint64_t> exact;
    if (arguments_.step) exact.push_back(*arguments_.step);
    recorded_ = read_snapshots(directory_, std::move(exact));
  }
  return *recorded_;
}

std::vector<std::string> ExportSource::notes() const {
  std::vector<std::string> notes;
  if (checkpoint_) notes = checkpoint_->warnings;
  // Without a snapshot they say how maps are recorded, which is nothing to somebody who draws curves.
  if (recorded_ && !recorded_->steps.empty()) {
    notes.insert(notes.end(), recorded_->notes.begin(), recorded_->notes.end());
  }
  return notes;
}

}  // namespace headlight
