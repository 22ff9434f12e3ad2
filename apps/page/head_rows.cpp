#include "apps/page/head_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headlight {
namespace {

constexpr float kNoFigure = std::numeric_limits<float>::quiet_NaN();

bool is_row(const nlohmann::json& json) {
  const auto count = [&](const char* key) { return json.contains(key) && json[key].is_number_unsigned(); };
  return json.is_object() && count("step") && count("layer") && count("head") && json.contains("block") &&
         json["block"].is_string();
}

}  // namespace

bool HeadRows::update() {
  return tail_.read(
      [this] {
        rows_.clear();
        columns_.clear();
      },
      [this](std::string_view line, std::size_t number) { add_line(line, number); });
}

std::size_t HeadRows::column(const std::string& name) {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found != columns_.end()) return static_cast<std::size_t>(found - columns_.begin());
  columns_.push_back(name);
  return columns_.size() - 1;
}

void HeadRows::add_line(std::string_view line, std::size_t number) {
  const nlohmann::ordered_json row = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!is_row(row)) {
    raise<FileError>(tail_.path().string(), fmt::format("line {} is no row of a head", number), {},
                     "restore the file, or remove it to see the run without figures of heads");
  }
  std::vector<float> figures;
  for (const auto& [key, value] : row.items()) {
    if (key == "step" || key == "block" || key == "layer" || key == "head") continue;
    if (key == "sequences") {
      if (value.is_number_unsigned()) sequences_ = value.get<std::uint64_t>();
      continue;
    }
    if (!value.is_number() && !value.is_null()) continue;
    const std::size_t at = column(key);
    figures.resize(std::max(figures.size(), at + 1), kNoFigure);
    if (value.is_number()) figures[at] = value.get<float>();
  }
  rows_[row["step"].get<std::uint64_t>()].insert_or_assign(Place{row["block"].get<std::string>(),
                                                                 row["layer"].get<std::size_t>(),
                                                                 row["head"].get<std::size_t>()},
                                                           std::move(figures));
}

ViewHeadStats HeadRows::table(const std::vector<ViewHead>& heads, const std::vector<Place>& names) const {
  ViewHeadStats stats{.heads = heads, .columns = columns_};
  for (const auto& [step, rows] : rows_) {
    stats.steps.push_back(step);
    for (const Place& name : names) {
      const auto found = rows.find(name);
      std::vector<float> figures = found == rows.end() ? std::vector<float>{} : found->second;
      figures.resize(columns_.size(), kNoFigure);
      stats.values.insert(stats.values.end(), figures.begin(), figures.end());
    }
  }
  stats.evaluated = sequences_ ? fmt::format("{} held-out sequence{}", *sequences_, *sequences_ == 1 ? "" : "s")
                               : "held-out sequences";
  return stats;
}

std::vector<SnapshotLayer> HeadRows::layers() const {
  std::set<Place> places;
  for (const auto& [step, rows] : rows_) {
    for (const auto& [place, figures] : rows) places.insert(place);
  }
  std::vector<SnapshotLayer> layers;
  for (const char* const kind : kBlockKinds) {
    for (std::size_t number = 0; places.contains({kind, number, 0}); ++number) {
      SnapshotLayer layer{.kind = kind, .path = fmt::format("{}.layer{}", kind, number)};
      while (places.contains({kind, number, layer.heads})) ++layer.heads;
      layers.push_back(std::move(layer));
    }
  }
  return layers;
}

std::vector<std::string> HeadRows::blocks() const {
  std::set<std::string> names;
  for (const auto& [step, rows] : rows_) {
    for (const auto& [place, figures] : rows) names.insert(std::get<0>(place));
  }
  return {names.begin(), names.end()};
}

}  // namespace headlight
