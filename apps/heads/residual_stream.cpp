#include "apps/heads/residual_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace headlight {
namespace {

using Json = nlohmann::json;

constexpr double kDefaultEps = 1e-5;  // of all norms, see layers/norm.h

std::string text(const Json& json, const char* key, const char* fallback) {
  return json.value(key, std::string(fallback));
}

/// Why what a step of this block returns is not simply added; "" where it is.
std::string inexact_reason(const Json& block, const std::string& path) {
  const std::string residual = text(block, "residual", "plain");
  if (residual != "plain") return fmt::format("the residuals of `{}` are {}, not plain", path, residual);
  if (block.value("skip_scale", 1.0) != 1.0) return fmt::format("`{}` scales the stream by its skip_scale", path);
  if (block.contains("preprocess") || block.contains("postprocess")) {
    const std::string after = text(block, "postprocess", "");
    const bool adds = after.find('a') != std::string::npos && after.find('n') == std::string::npos;
    return adds ? "" : fmt::format("`{}` does more than add behind a step: postprocess \"{}\"", path, after);
  }
  const std::string norm = text(block, "norm", "pre");
  const bool adds = norm == "pre" || norm == "none" || norm == "parallel";
  return adds ? "" : fmt::format("`{}` has {}-norm: what a step adds is normalised once more", path, norm);
}

/// Whether steps of this block read the stream through a norm.
bool normalizes_before(const Json& block) {
  if (block.contains("preprocess") || block.contains("postprocess")) {
    return text(block, "preprocess", "").find('n') != std::string::npos;
  }
  const std::string norm = text(block, "norm", "pre");
  return norm == "pre" || norm == "parallel" || norm == "sandwich";
}

void add_block(const Model& model, const Json& block, const std::string& path, ResidualStream& stream) {
  const std::string type = text(block, "type", "");
  const bool single = type == "residual";
  if (type != "block" && !single) {
    stream.inexact = fmt::format("`{}` is a {}, which takes the place of the stream", path, type);
    return;
  }
  const std::string inexact = inexact_reason(block, path);
  if (stream.inexact.empty()) stream.inexact = inexact;
  const auto add = [&](const std::string& step, const std::string& norm) {
    StreamStep& made = stream.steps.emplace_back(StreamStep{.path = step, .inexact = inexact});
    made.reads_norm = normalizes_before(block);
    if (!made.reads_norm) return;
    made.norm = frozen_norm(model, norm, text(block, "norm_type", "layer"), block.value("norm_eps", kDefaultEps));
  };
  if (single) {
    add(path + ".body", path + ".norm");
    return;
  }
  const bool parallel = text(block, "norm", "pre") == "parallel";
  const Json& steps = block.at("steps");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    // Without a name a step is called by its place, as make_layers() does.
    const std::string name = path + "." + text(steps[i], "name", std::to_string(i).c_str());
    add(name, parallel ? path + ".norm" : name + "_norm");
  }
}

}  // namespace

const Array* find_parameter(const Model& model, const std::string& name) {
  for (const NamedParameter& parameter : model.parameters()) {
    if (parameter.name == name) return &parameter.tensor.value();
  }
  return nullptr;
}

std::optional<FrozenNorm> frozen_norm(const Model& model, const std::string& path, const std::string& type,
                                      double eps) {
  if (type != "layer" && type != "rms") return std::nullopt;
  FrozenNorm norm{.centered = type == "layer", .eps = eps};
  if (const Array* gain = find_parameter(model, path + ".gain")) norm.gain = *gain;
  if (const Array* bias = find_parameter(model, path + ".bias")) norm.bias = *bias;
  return norm;
}

ResidualStream residual_stream(const Model& model, const Json& composed, bool of_encoder) {
  ResidualStream stream;
  if (model.arch() == Architecture::encoder_decoder) stream.prefix = of_encoder ? "encoder." : "decoder.";
  std::vector<std::string> paths = model.blocks();
  std::erase_if(paths, [&](const std::string& path) { return !path.starts_with(stream.prefix); });
  const char* const key = of_encoder ? "encoder_blocks" : "blocks";
  for (std::size_t i = 0; i < paths.size(); ++i) add_block(model, composed.at(key).at(i), paths[i], stream);
  return stream;
}

}  // namespace headlight
