#include "apps/headlight/map_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/heads/attention_report.h"
#include "apps/recording/probes.h"
#include "apps/tasks/token_words.h"
#include "core/error.h"

namespace headlight {
namespace {

ChosenInput chosen_probe(std::uint64_t number, std::vector<Probe> probes) {
  if (number >= probes.size()) {
    raise<ConfigError>("--probe", fmt::format("there is no probe {}", number), {},
                       probes.empty() ? "`probes` of its config names none; give --example or --input"
                                      : fmt::format("the run has {}; probes count from 0", probes.size()));
  }
  Probe& probe = probes[number];
  return {.example = std::move(probe.example), .name = fmt::format("probe {} ({})", number, probe.label)};
}

/// Keeps the heads for which `fits` holds, or says what there is.
template <typename Fits, typename Name>
void keep(std::vector<PlacedHead>& heads, std::string_view option, const std::string& wanted, Fits fits, Name name) {
  std::vector<std::string> known;
  for (const PlacedHead& place : heads) {
    std::string one = fmt::to_string(name(place));
    if (std::find(known.begin(), known.end(), one) == known.end()) known.push_back(std::move(one));
  }
  heads.erase(std::remove_if(heads.begin(), heads.end(), [&fits](const PlacedHead& place) { return !fits(place); }),
              heads.end());
  if (!heads.empty()) return;
  raise<ConfigError>(option, fmt::format("there is no {}", wanted), {},
                     fmt::format("there {} {}", known.size() == 1 ? "is" : "are", fmt::join(known, ", ")));
}

}  // namespace

InputOptions add_input_options(CLI::App& app, InputChoice& choice, const std::string& of) {
  const InputOptions options{
      .probe = app.add_option("--probe", choice.probe, of + "which probe of the run is read, from 0; by default 0"),
      .example = app.add_option("--example", choice.example, of + "which held-out example is read instead, from 0"),
      .text = app.add_option("--input", choice.text, of + "tokens to read instead, separated by blanks")};
  options.example->excludes(options.probe);
  options.text->excludes(options.probe)->excludes(options.example);
  return options;
}

CLI::Option* add_step_option(CLI::App& app, std::optional<std::uint64_t>& step, const InputOptions& input,
                             const std::string& of) {
  return app.add_option("--step", step, of + "a snapshot that the run recorded, instead of a checkpoint")
      ->check(CLI::NonNegativeNumber)
      ->excludes(input.example)
      ->excludes(input.text);
}

ChosenInput choose_input(const InputChoice& choice, const config::Config& config, const Task& task) {
  if (choice.text) return {.example = given_example(*choice.text, config, task, "--input"), .name = "given input"};
  if (!choice.example) {
    std::vector<Probe> probes = choose_probes(config, task);
    if (choice.probe || !probes.empty()) return chosen_probe(choice.probe.value_or(0), std::move(probes));
  }
  const std::uint64_t index = choice.example.value_or(0);
  return {.example = held_out_example(task, index), .name = fmt::format("held-out example {}", index)};
}

Example given_example(const std::string& text, const config::Config& config, const Task& task,
                      std::string_view option) {
  Example example;
  example.input = TokenWords(task).input(text, config.model.max_len, option).ids;
  return example;
}

void add_head_options(CLI::App& app, HeadChoice& choice, const std::string& of) {
  app.add_option("--block", choice.block, of + "which attention: enc.self, dec.self or dec.cross");
  app.add_option("--layer", choice.layer, of + "which layer within the block, from 0");
  app.add_option("--head", choice.head, of + "which head of the layer, from 0");
}

std::vector<PlacedHead> choose_heads(const HeadChoice& choice, std::vector<PlacedHead> heads) {
  if (choice.block) {
    keep(
        heads, "--block", fmt::format("attention `{}`", *choice.block),
        [&](const PlacedHead& place) { return place.layer.block == *choice.block; },
        [](const PlacedHead& place) { return place.layer.block; });
  }
  if (choice.layer) {
    keep(
        heads, "--layer", fmt::format("layer {}", *choice.layer),
        [&](const PlacedHead& place) { return place.layer.layer == *choice.layer; },
        [](const PlacedHead& place) { return fmt::format("{} {}", place.layer.block, place.layer.layer); });
  }
  if (choice.head) {
    keep(
        heads, "--head", fmt::format("head {}", *choice.head),
        [&](const PlacedHead& place) { return place.head == *choice.head; },
        [](const PlacedHead& place) { return place.head; });
  }
  return heads;
}

std::vector<PlacedHead> placed_heads(const Model& model, const std::vector<AttentionWeights>& layers) {
  std::vector<PlacedHead> heads;
  for (const LayerPlace& place : layer_places(model, layers)) {
    for (std::size_t head = 0; head < layers[place.index].heads; ++head) {
      heads.push_back({.layer = place, .head = head});
    }
  }
  if (heads.empty()) raise<ConfigError>("attention", "the model of this run has no attention to show");
  return heads;
}

}  // namespace headlight
