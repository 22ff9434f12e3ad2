#include "apps/data/line_faults.h"

#include <fmt/format.h>

#include <utility>

namespace headlight {
namespace {

constexpr std::size_t kMostFaults = 10;

}  // namespace

void LinePlace::raise(std::string_view what, std::string_view values, std::string_view remedy) const {
  headlight::raise<ConfigError>(fmt::format("{}:{}", file.string(), line), what, values, remedy);
}

void LineFaults::raise_all() const {
  if (faults_.empty()) return;
  throw ConfigError(fmt::format("{}{}", fmt::join(faults_, "\n"),
                                faults_.size() == kMostFaults ? "\nand perhaps more: these are the first ten" : ""));
}

void LineFaults::keep(std::string text) {
  faults_.push_back(std::move(text));
  if (faults_.size() == kMostFaults) raise_all();
}

}  // namespace headlight
