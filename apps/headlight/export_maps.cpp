#include "apps/headlight/export_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "apps/export/map_csv.h"
#include "apps/export/recorded_map.h"
#include "apps/export/run_chart.h"
#include "apps/headlight/map_choice.h"
#include "apps/headlight/snapshot_maps.h"
#include "apps/heads/attention_report.h"
#include "apps/inspect/gif.h"
#include "apps/inspect/picture.h"
#include "apps/inspect/png.h"
#include "core/error.h"
#include "core/io/array_io.h"
#include "core/io/file.h"

namespace headlight {
namespace {

constexpr int kAnimationSide = 480;  // pixels: some dozens of frames stay below a megabyte

/// The heads that are shown, and their maps.
struct ShownMaps {
  std::vector<PlacedHead> heads{};
  std::vector<AttentionMap> maps{};
};

/// All that are chosen, or the first of them.
std::vector<PlacedHead> shown_heads(const ExportArguments& arguments, std::vector<PlacedHead> heads) {
  heads = choose_heads(arguments.head, std::move(heads));
  if (arguments.view == "head") heads.resize(1);
  return heads;
}

ShownMaps snapshot_maps(const ViewRun& run, const ExportArguments& arguments, std::uint64_t step) {
  ShownMaps shown{.heads = shown_heads(arguments, recorded_heads(run))};
  for (const PlacedHead& head : shown.heads) {
    shown.maps.push_back(recorded_map(run, map_place(head, arguments.input.probe.value_or(0)), step));
  }
  return shown;
}

ShownMaps checkpoint_maps(const OpenedRun& run, const ExportArguments& arguments) {
  const ChosenInput input = choose_input(arguments.input, run.config, *run.task);
  const AttentionLook look = look_at(*run.model, *run.task, input.example);
  const MapSource source{.run = run_name(run.config, run.directory),
                         .step = run.step,
                         .input = answered_name(*run.model, input.name)};
  ShownMaps shown{.heads = shown_heads(arguments, placed_heads(*run.model, look.layers))};
  for (const PlacedHead& place : shown.heads) {
    const AttentionWeights& weights = look.layers[place.layer.index];
    shown.maps.push_back(make_map(head_map(weights, place.head, 0), {weights, place.layer.layer, place.head}, source,
                                  *run.model, *run.task, &look));
  }
  return shown;
}

ShownMaps shown_maps(ExportSource& source, const ExportArguments& arguments) {
  const Scale scale = parse_scale(arguments.scale);
  ShownMaps shown = arguments.step ? snapshot_maps(source.recorded(), arguments, *arguments.step)
                                   : checkpoint_maps(source.checkpoint(), arguments);
  for (AttentionMap& map : shown.maps) map.scale = scale;
  return shown;
}

/// One row for each layer. Throws ConfigError where layers differ in their number of heads.
AttentionGrid grid_of(ShownMaps shown) {
  AttentionGrid grid;
  grid.title = "Attention of all heads";
  grid.subtitle = shown.maps.front().subtitle;
  bool even = true;  // head k of each layer is the k-th of its row
  for (std::size_t i = 0; i < shown.heads.size(); ++i) {
    const PlacedHead& place = shown.heads[i];
    std::string row = fmt::format("{}, layer {}", place.layer.block, place.layer.layer);
    if (grid.row_names.empty() || grid.row_names.back() != row) grid.row_names.push_back(std::move(row));
    if (grid.row_names.size() == 1) grid.col_names.push_back(fmt::format("head {}", place.head));
    even = even && i == (grid.row_names.size() - 1) * grid.col_names.size() + place.head;
    shown.maps[i].title.clear();
  }
  if (!even || grid.row_names.size() * grid.col_names.size() != shown.maps.size()) {
    raise<ConfigError>("--view", "the layers have different numbers of heads, so that they make no grid", {},
                       "choose one with --block and --layer");
  }
  grid.maps = std::move(shown.maps);
  return grid;
}

PictureStyle style_of(const ExportArguments& arguments, int side = PictureStyle{}.side) {
  return {.theme = arguments.dark ? Theme::kDark : Theme::kLight,
          .colormap = arguments.colormap,
          .values = arguments.values,
          .side = arguments.side.value_or(side)};
}

/// The picture of the view, made by `render` from a map, a grid or a chart.
template <typename Render>
std::string picture_of(ExportSource& source, const ExportArguments& arguments, Render render) {
  if (arguments.view == "curves") return render(run_chart(source.recorded()));
  ShownMaps shown = shown_maps(source, arguments);
  if (arguments.view == "grid") return render(grid_of(std::move(shown)));
  return render(shown.maps.front());
}

}  // namespace

void export_png(ExportSource& source, const ExportArguments& arguments) {
  write_file_atomically(arguments.output, picture_of(source, arguments, [&](const auto& shown) {
                          return render_png(shown, style_of(arguments));
                        }));
}

void export_svg(ExportSource& source, const ExportArguments& arguments) {
  write_file_atomically(arguments.output, picture_of(source, arguments, [&](const auto& shown) {
                          return render_svg(shown, style_of(arguments));
                        }));
}

void export_map_csv(ExportSource& source, const ExportArguments& arguments) {
  write_file_atomically(arguments.output, map_csv(shown_maps(source, arguments).maps.front()));
}

void export_map_npy(ExportSource& source, const ExportArguments& arguments) {
  const AttentionMap map = shown_maps(source, arguments).maps.front();
  Array weights = uninitialized({map.rows, map.cols});
  std::copy(map.weights.begin(), map.weights.end(), weights.data());
  for (std::size_t cell = 0; cell < map.hidden.size(); ++cell) {
    if (map.hidden[cell] != 0) weights.data()[cell] = std::numeric_limits<Real>::quiet_NaN();
  }
  write_npy(arguments.output, weights);
}

void export_gif(ExportSource& source, const ExportArguments& arguments) {
  const ViewRun& recorded = source.recorded();
  if (recorded.steps.empty()) recorded_heads(recorded);  // says what is missing
  const Scale scale = parse_scale(arguments.scale);
  const PictureStyle style = style_of(arguments, kAnimationSide);
  const std::size_t digits = std::to_string(recorded.steps.back()).size();
  const auto hundredths = static_cast<int>(std::lround(100 / arguments.fps));
  std::vector<GifFrame> frames;
  for (const std::uint64_t step : recorded.steps) {
    ShownMaps shown = snapshot_maps(recorded, arguments, step);
    for (AttentionMap& map : shown.maps) {
      map.scale = scale;
      // A step has as many digits as the last one, so that all lines break alike and the map stays where it is.
      const std::string before = fmt::format("step {},", step);
      map.subtitle.replace(map.subtitle.find(before), before.size(), fmt::format("step {:0>{}},", step, digits));
    }
    Canvas canvas = arguments.view == "grid" ? draw_grid(grid_of(std::move(shown)), style)
                                             : draw_map(shown.maps.front(), style).canvas;
    frames.push_back({.canvas = std::move(canvas), .hundredths = hundredths});
  }
  frames.front().hundredths = std::max(hundredths, 60);
  frames.back().hundredths = std::max(hundredths, 200);
  write_file_atomically(arguments.output, encode_gif(frames));
}

}  // namespace headlight
