#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/export/onnx_model.h"
#include "apps/headlight/command.h"
#include "apps/headlight/export_arguments.h"
#include "apps/headlight/export_maps.h"
#include "apps/headlight/export_source.h"
#include "apps/training/build.h"
#include "apps/training/weight_metadata.h"
#include "apps/training/weights.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/words.h"

namespace headlight {
namespace {

/// What a run can be written as. `write` makes the file `arguments.output`.
struct ExportFormat {
  std::string_view name;
  std::string_view extension;
  std::string_view what;
  std::string_view options;  ///< that have an effect on it, each between blanks
  void (*write)(ExportSource& source, const ExportArguments& arguments);
};

using TokenText = std::string (Task::*)(std::int32_t) const;

nlohmann::json texts_of(const Task& task, TokenText text, std::size_t count) {
  nlohmann::json texts = nlohmann::json::array();
  for (std::size_t id = 0; id < count; ++id) texts.push_back((task.*text)(static_cast<std::int32_t>(id)));
  return texts;
}

/// The texts of the ids that the model reads and answers with: "input", and "target" where there are any.
std::string vocabulary_of(const Task& task) {
  const TaskShape shape = task.shape();
  nlohmann::json vocabulary = nlohmann::json::object();
  if (shape.vocabulary != 0) vocabulary["input"] = texts_of(task, &Task::token_text, shape.vocabulary);
  const std::size_t targets = shape.second_vocabulary != 0 ? shape.second_vocabulary : shape.classes;
  if (targets != 0) vocabulary["target"] = texts_of(task, &Task::target_text, targets);
  return vocabulary.dump();
}

void write_onnx(ExportSource& source, const ExportArguments& arguments) {
  require_onnx();
  const OpenedRun& run = source.checkpoint();
  const nlohmann::json composed = composed_model(run.config.model, *run.task);
  const OnnxOptions options{.name = run.config.name.empty() ? "model" : run.config.name,
                            .metadata = {{"headlight.config", run.config.name},
                                         {std::string(kStepKey), std::to_string(run.step)},
                                         {"headlight.vocabulary", vocabulary_of(*run.task)}},
                            .lengths = arguments.lengths};
  write_file_atomically(arguments.output, onnx_model(*run.model, composed, options));
}

void write_weights(ExportSource& source, const ExportArguments& arguments) {
  constexpr std::array kKnown = {WeightFormat::headlight, WeightFormat::torch, WeightFormat::gpt2};
  const auto* const format = std::find_if(kKnown.begin(), kKnown.end(), [&arguments](WeightFormat known) {
    return format_name(known) == arguments.names;
  });
  if (format == kKnown.end()) {
    std::vector<std::string_view> names;
    names.reserve(kKnown.size());
    for (const WeightFormat known : kKnown) names.push_back(format_name(known));
    raise<ConfigError>("--names", fmt::format("nothing names weights as `{}`", arguments.names), {},
                       fmt::format("use {}", fmt::join(names, ", ")));
  }
  const OpenedRun& run = source.checkpoint();
  export_weights(arguments.output, *run.model, {.format = *format, .metadata = checkpoint_metadata(run.step)});
}

/// What a picture can show. `without` has no effect on it, each option between blanks.
struct PictureView {
  std::string_view name;
  std::string_view what;
  std::string_view without;
};

constexpr std::array kPictureViews = {
    PictureView{"head", "the map of a head", ""},
    PictureView{"grid", "the maps of all heads, or of those of --block and --layer", " --head --values --side "},
    PictureView{"curves", "loss, accuracies and scores over the steps",
                " --checkpoint --block --layer --head --probe --example --input --step --scale --colormap --values "
                "--side --fps "},
};

constexpr std::string_view kOfMaps = " --checkpoint --block --layer --head --probe --example --input --step ";
constexpr std::string_view kOfPictures =
    " --view --checkpoint --block --layer --head --probe --example --input --step --scale --colormap --dark --values "
    "--side ";
constexpr std::string_view kOfAnimations =
    " --view --block --layer --head --probe --scale --colormap --dark --values --side --fps ";

constexpr std::array kFormats = {
    ExportFormat{"png", ".png", "a picture", kOfPictures, export_png},
    ExportFormat{"svg", ".svg", "the same as shapes and text", kOfPictures, export_svg},
    ExportFormat{"gif", ".gif", "how maps formed: all snapshots of a probe", kOfAnimations, export_gif},
    ExportFormat{"csv", ".csv", "the weights of a head as a table", kOfMaps, export_map_csv},
    ExportFormat{"npy", ".npy", "the same as an array, NaN where the mask hides a cell", kOfMaps, export_map_npy},
    ExportFormat{"safetensors", ".safetensors", "the weights of the model", " --names --checkpoint ", write_weights},
    ExportFormat{"onnx", ".onnx", "the model as a graph that also answers with its attention weights",
                 " --lengths --checkpoint ", write_onnx},
};

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  names.reserve(kFormats.size());
  for (const ExportFormat& format : kFormats) names.emplace_back(format.name);
  return names;
}

const ExportFormat& format_of(const ExportArguments& arguments) {
  const std::string extension = std::filesystem::path(arguments.output).extension().string();
  for (const ExportFormat& format : kFormats) {
    if (arguments.to.empty() ? format.extension == extension : format.name == arguments.to) return format;
  }
  const std::string known = fmt::format("use {}", fmt::join(format_names(), ", "));
  if (!arguments.to.empty()) {
    const std::string near = nearest_word(arguments.to, format_names());
    raise<ConfigError>("--to", fmt::format("there is no format `{}`", arguments.to),
                       near.empty() ? "" : fmt::format("did you mean `{}`?", near), known);
  }
  raise<ConfigError>("headlight export",
                     arguments.output.empty() ? "no format is given"
                                              : fmt::format("the format does not follow from `{}`", arguments.output),
                     {},
                     "give a file with -o, or name it: --to " + fmt::to_string(fmt::join(format_names(), " or --to ")));
}

const PictureView& view_of(const ExportFormat& format, const ExportArguments& arguments) {
  const bool moves = format.name == "gif";  // curves are drawn whole
  std::vector<std::string_view> known;
  for (const PictureView& view : kPictureViews) {
    if (moves && view.name == "curves") continue;
    if (view.name == arguments.view) return view;
    known.push_back(view.name);
  }
  raise<ConfigError>("--view", fmt::format("{} has no view `{}`", format.name, arguments.view), {},
                     fmt::format("use {}", fmt::join(known, ", ")));
}

/// Throws ConfigError on an option that would have no effect.
void check_options(const ExportFormat& format, const ExportArguments& arguments,
                   const std::vector<std::string>& given) {
  const PictureView& view = view_of(format, arguments);
  for (const std::string& option : given) {
    const std::string word = fmt::format(" {} ", option);
    if (format.options.find(word) == std::string_view::npos) {
      raise<ConfigError>(option, fmt::format("it has no effect on {}", format.name), {}, "leave it out");
    }
    if (view.without.find(word) != std::string_view::npos) {
      raise<ConfigError>(option, fmt::format("it has no effect on the view {}", view.name), {}, "leave it out");
    }
  }
}

/// Of what is shown: the snapshot, the last of an animation's, the last one that curves have, or the checkpoint.
std::uint64_t step_of(const ExportFormat& format, const ExportArguments& arguments, ExportSource& source) {
  if (arguments.step) return *arguments.step;
  double last = 0;
  if (arguments.view == "curves") {
    for (const ViewScalar& scalar : source.recorded().scalars) {
      if (!scalar.steps.empty()) last = std::max(last, scalar.steps.back());
    }
    return static_cast<std::uint64_t>(last);
  }
  if (format.write == export_gif) {
    const std::vector<std::uint64_t>& steps = source.recorded().steps;
    return steps.empty() ? 0 : steps.back();  // without any the export says so
  }
  return source.checkpoint().step;
}

int export_run(ExportArguments arguments, const std::vector<std::string>& given, const GlobalOptions& global) {
  const ExportFormat& format = format_of(arguments);
  check_options(format, arguments, given);
  ExportSource source(arguments);
  const std::uint64_t step = step_of(format, arguments, source);
  if (arguments.output.empty()) {
    arguments.output = fmt::format("{}-step-{}{}", source.config().name, step, format.extension);
  }
  format.write(source, arguments);
  for (const std::string& note : source.notes()) print_note(global, note + "\n");
  print_note(global, fmt::format("{}: {} at step {}, {:.1f} kB\n", arguments.output, source.name(), step,
                                 static_cast<double>(std::filesystem::file_size(arguments.output)) / 1e3));
  return kOk;
}

}  // namespace

Command add_export(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("export", "a run as a file for other tools");
  const auto arguments = std::make_shared<ExportArguments>();
  std::string formats;
  for (const ExportFormat& format : kFormats) formats += fmt::format("; {}: {}", format.name, format.what);
  app->add_option("RUN", arguments->run, "directory of the run, or of runs with a file `latest`")->required();
  app->add_option("--to", arguments->to, "the format; by default what the name of the output ends in" + formats);
  app->add_option("-o,--output", arguments->output, "the file; by default NAME-step-STEP with the format's ending");
  app->add_option("--checkpoint", arguments->checkpoint, "last, best, or a step");
  std::string views;
  for (const PictureView& view : kPictureViews) views += fmt::format("; {}: {}", view.name, view.what);
  app->add_option("--view", arguments->view, "pictures: what is shown" + views);
  add_head_options(*app, arguments->head, "maps: ");
  const InputOptions input = add_input_options(*app, arguments->input, "maps: ");
  add_step_option(*app, arguments->step, input, "maps: ");
  app->add_option("--scale", arguments->scale, "pictures: linear, sqrt, log10, row_max or map_max");
  app->add_option("--colormap", arguments->colormap, "pictures: cividis, viridis, magma or grey");
  app->add_flag("--dark", arguments->dark, "pictures: on a dark background");
  app->add_flag("--values", arguments->values, "pictures: write the weight into each cell");
  app->add_option("--side", arguments->side, "pictures: pixels that the longer side of the map aims at")
      ->check(CLI::Range(16, 8192));
  app->add_option("--fps", arguments->fps, "gif: snapshots in a second")->check(CLI::Range(0.1, 50.0));
  app->add_option("--names", arguments->names, "safetensors: names as headlight, torch or gpt2 has them");
  app->add_flag("--lengths", arguments->lengths,
                "onnx: the graph also reads how long each member of a batch is, so that shorter ones can be padded");
  return {app, [app, arguments, &global] {
            std::vector<std::string> given;
            for (const CLI::Option* option : app->get_options()) {
              const std::string name = option->get_name();
              const bool common = name == "RUN" || name == "--to" || name == "--output";
              if (option->count() > 0 && !common) given.push_back(name);
            }
            return export_run(*arguments, given, global);
          }};
}

}  // namespace headlight
