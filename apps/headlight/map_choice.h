#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/headlight/opened_run.h"
#include "apps/heads/captured_run.h"
#include "apps/tasks/task.h"

/// What the commands that look at attention have in common: which input is read, and which heads are meant.
namespace headlight {

/// What a model reads: a probe of its run, a held-out example or tokens; at most one is given. By default probe 0, or
/// held-out example 0 of a run without probes.
struct InputChoice {
  std::optional<std::uint64_t> probe{};
  std::optional<std::uint64_t> example{};
  std::optional<std::string> text{};
};

/// Its options, of which each excludes the others.
struct InputOptions {
  CLI::Option* probe;
  CLI::Option* example;
  CLI::Option* text;
};

/// Adds --probe, --example and --input; their docs begin with `of`. `choice` must outlive the parsing.
InputOptions add_input_options(CLI::App& app, InputChoice& choice, const std::string& of = "");

/// Adds --step, a snapshot of the run, which has probes alone. `step` must outlive the parsing.
CLI::Option* add_step_option(CLI::App& app, std::optional<std::uint64_t>& step, const InputOptions& input,
                             const std::string& of = "");

/// What is read, and how it is called: "probe 0 (eval 17)".
struct ChosenInput {
  Example example{};
  std::string name{};
};

/// Throws ConfigError where there is no such probe or example, or the task has no such tokens.
ChosenInput choose_input(const InputChoice& choice, const config::Config& config, const Task& task);

/// Tokens given by `option` as an example. Throws ConfigError as TokenWords does.
Example given_example(const std::string& text, const config::Config& config, const Task& task, std::string_view option);

/// Which heads: all where nothing is given.
struct HeadChoice {
  std::optional<std::string> block{};
  std::optional<std::size_t> layer{};  ///< within its block
  std::optional<std::size_t> head{};
};

/// Adds --block, --layer and --head; their docs begin with `of`. `choice` must outlive the parsing.
void add_head_options(CLI::App& app, HeadChoice& choice, const std::string& of = "");

/// A head of a layer.
struct PlacedHead {
  LayerPlace layer{};
  std::size_t head = 0;
};

/// The chosen ones of `heads`, in their order. Throws ConfigError, with what there is, where none of them is.
std::vector<PlacedHead> choose_heads(const HeadChoice& choice, std::vector<PlacedHead> heads);

/// The heads of layers that were captured, by blocks and layers. Throws ConfigError where there are none.
std::vector<PlacedHead> placed_heads(const Model& model, const std::vector<AttentionWeights>& layers);

}  // namespace headlight
