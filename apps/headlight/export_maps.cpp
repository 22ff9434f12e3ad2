#include "apps/headlight/export_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "apps/export/map_csv.h"
#include "apps/export/recorded_map.h"
#include "apps/headlight/view_sources.h"
#include "apps/heads/attention_report.h"
#include "apps/heads/captured_run.h"
#include "apps/inspect/gif.h"
#include "apps/inspect/picture.h"
#include "apps/inspect/png.h"
#include "apps/page/page.h"
#include "apps/tasks/token_words.h"
#include "core/error.h"
#include "core/io/array_io.h"
#include "core/io/file.h"

namespace headlight {
namespace {

constexpr int kAnimationSide = 480;  // pixels: some dozens of frames stay below a megabyte

/// The run with its snapshots; of `exact` in full precision.
ViewRun recorded_run(const OpenedRun& run, std::vector<std::uint64_t> exact) {
  RunReader reader = open_run_reader(run.directory, std::move(exact), kCodesPerByte * kLargestPage);
  reader.update();
  return reader.take();
}

MapPlace place_in(const ViewRun& run, const ExportArguments& arguments) {
  std::string block = arguments.block.value_or("");
  if (block.empty() && !run.blocks.empty()) block = run.blocks.front().kind;
  return {.block = std::move(block), .layer = arguments.layer, .head = arguments.head, .probe = arguments.probe};
}

AttentionMap snapshot_map(const OpenedRun& run, const ExportArguments& arguments) {
  const ViewRun recorded = recorded_run(run, {*arguments.step});
  return recorded_map(recorded, place_in(recorded, arguments), *arguments.step);
}

AttentionMap checkpoint_map(const OpenedRun& run, const ExportArguments& arguments) {
  Example example;
  std::string input = "given input";
  if (arguments.input) {
    example.input = TokenWords(*run.task).input(*arguments.input, run.config.model.max_len, "--input").ids;
  } else {
    example = probe_example(*run.task, arguments.probe);
    input = fmt::format("probe {}", arguments.probe);
  }
  const AttentionLook look = look_at(*run.model, *run.task, example);
  const std::vector<LayerPlace> places = layer_places(*run.model, look.layers);
  if (places.empty()) raise<ConfigError>("headlight export", "the model of this run has no attention");
  const std::string block = arguments.block.value_or(places.front().block);
  const auto found = std::find_if(places.begin(), places.end(), [&](const LayerPlace& place) {
    return place.block == block && place.layer == arguments.layer;
  });
  if (found == places.end()) {
    std::vector<std::string> known;
    known.reserve(places.size());
    for (const LayerPlace& place : places) known.push_back(fmt::format("{} {}", place.block, place.layer));
    raise<ConfigError>("--layer", fmt::format("there is no layer {} of {}", arguments.layer, block), {},
                       fmt::format("there are {}", fmt::join(known, ", ")));
  }
  const AttentionWeights& weights = look.layers[found->index];
  if (arguments.head >= weights.heads) {
    raise<ConfigError>("--head", fmt::format("there is no head {}", arguments.head), {},
                       fmt::format("the layer has {}; heads count from 0", weights.heads));
  }
  const MapSource source{.run = run_name(run.config, run.directory), .step = run.step, .input = input};
  return make_map(head_map(weights, arguments.head, 0), {weights, found->layer, arguments.head}, source, *run.model,
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
  const ViewRun recorded = recorded_run(run, {});
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
