#include "apps/recording/probes.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/tasks/index_order.h"
#include "apps/tasks/token_words.h"
#include "apps/training/json_file.h"
#include "core/error.h"
#include "layers/layer_error.h"

namespace headlight {
namespace {

Probe held_out_probe(const Task& task, std::uint64_t index) {
  Probe probe{.label = fmt::format("eval {}", index), .index = index};
  task.example({.split = Split::eval, .index = index}, probe.example);
  return probe;
}

Probe given_probe(const config::Config& config, const Task& task, std::size_t number) {
  const std::string key = fmt::format("probes.inputs.{}", number);
  Probe probe{.label = fmt::format("given {}", number), .text = config.probes.inputs[number]};
  const std::size_t longest = config.model.max_len;
  try {
    probe.example.input = TokenWords(task).input(probe.text, longest, {}).ids;
  } catch (const ConfigError& error) {
    throw LayerError({{.path = key, .what = error.what(), .help = {}}});  // which is told with the line of the config
  }
  task.answer(probe.example);
  const std::size_t positions = std::max(probe.example.input.size(), probe.example.begun.size());
  if (positions > longest) {
    throw LayerError({{.path = key,
                       .what = fmt::format("with its answer it takes {} positions", positions),
                       .help = fmt::format("give fewer tokens: model.max_len is {}", longest)}});
  }
  return probe;
}

/// (rows, width) as a list of lists.
nlohmann::ordered_json rows_of(const std::vector<double>& numbers, std::size_t width) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (auto row = numbers.begin(); row != numbers.end(); row += static_cast<std::ptrdiff_t>(width)) {
    rows.push_back(std::vector<double>(row, row + static_cast<std::ptrdiff_t>(width)));
  }
  return rows;
}

}  // namespace

std::vector<Probe> choose_probes(const config::Config& config, const Task& task) {
  std::vector<Probe> probes;
  const std::uint64_t held_out = task.examples(Split::eval).value_or(config.task.eval.examples);
  if (held_out > 0 && config.probes.random > 0) {
    const IndexOrder order(held_out, config.probes.seed, "probes");
    const std::uint64_t count = std::min<std::uint64_t>(config.probes.random, held_out);
    for (std::uint64_t i = 0; i < count; ++i) probes.push_back(held_out_probe(task, order(i)));
  }
  for (std::size_t i = 0; i < config.probes.inputs.size(); ++i) probes.push_back(given_probe(config, task, i));
  return probes;
}

void write_probes(const std::filesystem::path& run, const std::vector<Probe>& probes, const Task& task) {
  const TaskShape shape = task.shape();
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Probe& probe : probes) {
    nlohmann::ordered_json json{{"label", probe.label}};
    if (probe.index) {
      json["index"] = *probe.index;
    } else {
      json["text"] = probe.text;
    }
    json["input"] = probe.example.input;
    json["begun"] = probe.example.begun;
    json["target"] = shape.values > 0 ? std::vector<std::int32_t>{} : probe.example.target;
    if (shape.features > 0) json["vectors"] = rows_of(probe.example.vectors, shape.features);
    if (shape.values > 0) json["values"] = rows_of(probe.example.values, shape.values);
    all.push_back(std::move(json));
  }
  write_json(run / "probes.json", {{"format", kFileFormat}, {"probes", all}});
}

}  // namespace headlight
