#include "apps/headlight/export_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "apps/export/map_csv.h"
#include "apps/export/recorded_map.h"
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

/// One head: the first of those that are chosen.
PlacedHead first_head(const ExportArguments& arguments, std::vector<PlacedHead> heads) {
  return choose_heads(arguments.head, std::move(heads)).front();
}

MapPlace place_in(const ViewRun& run, const ExportArguments& arguments) {
  return map_place(first_head(arguments, recorded_heads(run)), arguments.input.probe.value_or(0));
}

AttentionMap snapshot_map(const OpenedRun& run, const ExportArguments& arguments) {
  const ViewRun recorded = read_snapshots(run.directory, {*arguments.step});
  return recorded_map(recorded, place_in(recorded, arguments), *arguments.step);
}

AttentionMap checkpoint_map(const OpenedRun& run, const ExportArguments& arguments) {
  const ChosenInput input = choose_input(arguments.input, run.config, *run.task);
  const AttentionLook look = look_at(*run.model, *run.task, input.example);
  const PlacedHead place = first_head(arguments, placed_heads(*run.model, look.layers));
  const MapSource source{.run = run_name(run.config, run.directory), .step = run.step, .input = input.name};
  const AttentionWeights& weights = look.layers[place.layer.index];
  return make_map(head_map(weights, place.head, 0), {weights, place.layer.layer, place.head}, source, *run.model,
                  *run.task, &look);
}

AttentionMap map_of(const OpenedRun& run, const ExportArguments& arguments) {
  AttentionMap map = arguments.step ? snapshot_map(run, arguments) : checkpoint_map(run, arguments);
  map.scale = parse_scale(arguments.scale);
  return map;
}

PictureStyle style_of(const ExportArguments& arguments, int side = PictureStyle{}.side) {
  return {.theme = arguments.dark ? Theme::kDark : Theme::kLight,
          .colormap = arguments.colormap,
          .values = arguments.values,
          .side = arguments.side.value_or(side)};
}

}  // namespace

void export_map_png(const OpenedRun& run, const ExportArguments& arguments) {
  write_file_atomically(arguments.output, render_png(map_of(run, arguments), style_of(arguments)));
}

void export_map_svg(const OpenedRun& run, const ExportArguments& arguments) {
  write_file_atomically(arguments.output, render_svg(map_of(run, arguments), style_of(arguments)));
}

void export_map_csv(const OpenedRun& run, const ExportArguments& arguments) {
  write_file_atomically(arguments.output, map_csv(map_of(run, arguments)));
}

void export_map_npy(const OpenedRun& run, const ExportArguments& arguments) {
  const AttentionMap map = map_of(run, arguments);
  Array weights = uninitialized({map.rows, map.cols});
  std::copy(map.weights.begin(), map.weights.end(), weights.data());
  write_npy(arguments.output, weights);
}

void export_maps_gif(const OpenedRun& run, const ExportArguments& arguments) {
  const ViewRun recorded = read_snapshots(run.directory, {});
  std::vector<GifFrame> frames;
  const std::size_t digits = recorded.steps.empty() ? 1 : std::to_string(recorded.steps.back()).size();
  const auto hundredths = static_cast<int>(std::lround(100 / arguments.fps));
  for (AttentionMap& map : recorded_maps(recorded, place_in(recorded, arguments))) {
    map.scale = parse_scale(arguments.scale);
    // A step has as many digits as the last one, so that what stands behind it stays where it is.
    const std::string step = std::to_string(recorded.steps[frames.size()]);
    const std::string before = fmt::format("step {},", step);
    const std::size_t at = map.subtitle.find(before);
    map.subtitle.replace(at, before.size(), fmt::format("step {:>{}},", step, digits));
    frames.push_back({.canvas = draw_map(map, style_of(arguments, kAnimationSide)).canvas, .hundredths = hundredths});
  }
  frames.front().hundredths = std::max(hundredths, 60);
  frames.back().hundredths = std::max(hundredths, 200);
  write_file_atomically(arguments.output, encode_gif(frames));
}

}  // namespace headlight
