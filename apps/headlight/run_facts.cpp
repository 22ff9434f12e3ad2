#include "apps/headlight/run_facts.h"

#include <algorithm>
#include <cmath>
#include <system_error>

#include "apps/config/read.h"
#include "apps/training/run_directory.h"
#include "apps/training/run_state.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

}  // namespace

RunFacts read_run_facts(const fs::path& run) {
  RunFacts facts;
  facts.directory = find_run(run);
  facts.config = config::read_config({facts.directory / "config.json"}).config;
  facts.status = run_status(facts.directory);
  facts.rows = read_metrics(facts.directory / "metrics.jsonl");
  for (const MetricsRow& row : facts.rows) {
    facts.step = row.step;
    if (row.split != Split::eval) continue;
    facts.newest = row;
    if (std::isfinite(row.loss) && (!facts.best || row.loss < facts.best->loss)) facts.best = row;
  }
  return facts;
}

std::vector<fs::path> find_runs(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code fault;
  const auto look = [&](const fs::path& directory) {
    if (fs::exists(directory / "config.json", fault) && fs::exists(directory / kRunRecordFile, fault)) {
      found.push_back(directory);
    }
  };
  look(root);
  fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied, fault);
  for (; !fault && entry != fs::recursive_directory_iterator(); entry.increment(fault)) {
    if (!entry->is_directory(fault)) continue;
    const std::size_t before = found.size();
    look(entry->path());
    if (found.size() != before) entry.disable_recursion_pending();
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace headlight
