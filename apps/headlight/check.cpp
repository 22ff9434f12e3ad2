#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/check/layer_defaults.h"
#include "apps/check/twins.h"
#include "apps/config/read.h"
#include "apps/headlight/command.h"
#include "apps/headlight/located.h"
#include "apps/tasks/registry.h"
#include "core/error.h"

namespace headlight {
namespace {

struct CheckArguments {
  std::vector<std::string> words{};  ///< config files and overrides, or the keys of a layer
  std::string layer{};
  std::vector<std::string> promises{};
  std::size_t width = 0;
  bool json = false;
};

/// A word of --promise taken into the promises.
void declare(const std::string& word, Promises& promises) {
  if (word == "position") promises.reach = Reach::position;
  if (word == "mask") promises.reach = Reach::mask;
  if (word == "sequence") promises.reach = Reach::sequence;
  if (word == "causal") promises.causal = true;
  if (word == "equivariant") promises.equivariant = true;
  if (word == "statistics") promises.batch_statistics = true;
}

/// A value is JSON where it can be read so, else a string: as in overrides of a config.
nlohmann::json layer_json(const CheckArguments& arguments) {
  nlohmann::json layer{{"type", arguments.layer}};
  for (const std::string& word : arguments.words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      raise<ConfigError>("headlight check", "`" + word + "` is no key of a layer", {},
                         "write key=value, for example dim=8; a config is checked without --layer");
    }
    const std::string value = word.substr(equals + 1);
    const nlohmann::json parsed = nlohmann::json::parse(value, nullptr, false);
    layer[word.substr(0, equals)] = parsed.is_discarded() ? nlohmann::json(value) : parsed;
  }
  return layer;
}

CheckReport report_of(const CheckArguments& arguments) {
  if (arguments.layer.empty()) {
    if (!arguments.promises.empty() || arguments.width != 0) {
      raise<ConfigError>("headlight check", "--promise and --width are for --layer", {},
                         "a config says by itself what its model promises");
    }
    const ConfigArguments sorted = sort_arguments(arguments.words);
    config::LoadedConfig loaded = config::read_config(sorted.files, sorted.overrides);
    make_task(loaded);  // completes a config whose examples come from files
    return locating(loaded, [&] { return check_model(loaded.config); });
  }
  const nlohmann::json layer = layer_json(arguments);
  CheckOptions options{.width = arguments.width, .promises = default_promises(layer)};
  for (const std::string& word : arguments.promises) declare(word, options.promises);
  return check_registered_layer(layer, options);
}

int check(const CheckArguments& arguments, const GlobalOptions& global) {
  const CheckReport report = report_of(arguments);
  const TerminalStyle style = terminal_style(global);
  print_result(arguments.json ? to_json(report).dump(2) + "\n"
                              : to_string(report, {.width = style.width, .color = style.color}));
  return report.passed() ? kOk : kFailed;
}

}  // namespace

Command add_check(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app =
      program.add_subcommand("check", "check a layer or a configured model: gradients, leaks, padding, modes, saving");
  const auto arguments = std::make_shared<CheckArguments>();
  app->add_option("CONFIG", arguments->words,
                  "config files and section.key=value; with --layer key=value of the layer");
  app->add_option("--layer", arguments->layer, "check a registered layer: see `headlight layers`");
  app->add_option("--width", arguments->width, "with --layer: width of its input, where trying does not find it")
      ->check(CLI::PositiveNumber);
  app->add_option("--promise", arguments->promises,
                  "with --layer, may be repeated: what it promises beyond what is measured: position, mask or sequence "
                  "(what outputs read), causal, equivariant, statistics (of the batch, while training)")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"position", "mask", "sequence", "causal", "equivariant", "statistics"}));
  app->add_flag("--json", arguments->json, "one JSON object instead of a table");
  return {app, [arguments, &global] { return check(*arguments, global); }};
}

}  // namespace headlight
