#include "apps/page/probes_file.h"

#include <fmt/format.h>

#include <limits>

#include <nlohmann/json.hpp>

#include "apps/training/json_file.h"
#include "core/error.h"

namespace headlight {
namespace {

[[noreturn]] void refuse_probe(const std::filesystem::path& path, std::size_t index, const std::string& what) {
  raise<FileError>(path.string(), fmt::format("probe {}: {}", index, what), {},
                   "restore the file as `headlight train` wrote it");
}

std::vector<std::int32_t> ids_in(const nlohmann::json& probe, const char* key, const std::filesystem::path& path,
                                 std::size_t index) {
  std::vector<std::int32_t> ids;
  const auto list = probe.find(key);
  if (list == probe.end()) return ids;
  if (!list->is_array()) refuse_probe(path, index, fmt::format("`{}` must be a list of ids", key));
  for (const nlohmann::json& id : *list) {
    const bool fits = id.is_number_integer() && id >= std::numeric_limits<std::int32_t>::min() &&
                      id <= std::numeric_limits<std::int32_t>::max();
    if (!fits) refuse_probe(path, index, fmt::format("`{}` holds {}, which is no id", key, id.dump()));
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

/// "(0.25, -1.5)": a vector with as many numbers as a label has room for.
std::string vector_text(const nlohmann::json& vector) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < vector.size() && i < kShown; ++i) {
    text += fmt::format("{}{:.3g}", i == 0 ? "" : ", ", vector[i].is_number() ? vector[i].get<double>() : 0.0);
  }
  return "(" + text + (vector.size() > kShown ? ", …)" : ")");
}

}  // namespace

std::vector<ViewProbe> read_probes(const std::filesystem::path& path, const std::string& arch) {
  const nlohmann::json json = read_json_file(path);
  if (!json.contains("probes") || !json["probes"].is_array()) {
    raise<FileError>(path.string(), "`probes` must be a list", {}, "restore the file as `headlight train` wrote it");
  }
  std::vector<ViewProbe> probes;
  for (const nlohmann::json& one : json["probes"]) {
    const std::size_t index = probes.size();
    if (!one.is_object()) refuse_probe(path, index, "it must be an object");
    ViewProbe probe{.label = fmt::format("probe {}", index)};
    if (one.contains("label") && one["label"].is_string()) probe.label = one["label"].get<std::string>();
    std::vector<std::int32_t> input = ids_in(one, "input", path, index);
    std::vector<std::string> texts;
    if (one.contains("vectors") && one["vectors"].is_array()) {
      for (const nlohmann::json& vector : one["vectors"]) {
        if (!vector.is_array()) refuse_probe(path, index, "`vectors` must hold lists of numbers");
        texts.push_back(vector_text(vector));
      }
      input.assign(texts.size(), -1);
    }
    probe.tgt_out = ids_in(one, "target", path, index);
    if (arch == "decoder") {
      probe.tgt_in = std::move(input);
    } else {
      probe.src = std::move(input);
    }
    probe.src_text = std::move(texts);
    if (arch == "encoder-decoder") probe.tgt_in = ids_in(one, "begun", path, index);
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace headlight
