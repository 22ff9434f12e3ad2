#include "apps/training/weights.h"

#include <utility>
#include <vector>

#include "core/error.h"
#include "core/io/array_io.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Our name -> name in the file, for every tensor.
std::map<std::string, std::string> names_in_file(const std::vector<NamedBuffer>& tensors, const Renames& rename) {
  std::map<std::string, std::string> names;
  for (const NamedBuffer& saved : tensors) names[saved.name] = saved.name;
  std::map<std::string, std::string> renamed;
  for (const auto& [theirs, ours] : rename) {
    const auto found = names.find(ours);
    if (found == names.end()) {
      raise<ConfigError>("model.load.rename", "the model has no parameter `" + ours + "`", "given for `" + theirs + "`",
                         "train with -v --dry-run to see all names");
    }
    const auto [other, first] = renamed.emplace(ours, theirs);
    if (!first) {
      raise<ConfigError>("model.load.rename", "two tensors are given for `" + ours + "`",
                         "`" + other->second + "` and `" + theirs + "`");
    }
    found->second = theirs;
  }
  return names;
}

}  // namespace

std::vector<NamedBuffer> saved_tensors(const Module& module) {
  std::vector<NamedBuffer> tensors;
  for (const NamedParameter& parameter : module.parameters()) tensors.push_back({parameter.name, parameter.tensor});
  for (const NamedBuffer& buffer : module.buffers()) tensors.push_back(buffer);
  return tensors;
}

void save_weights(const std::filesystem::path& path, const Module& module, const Metadata& metadata) {
  const std::vector<NamedBuffer> tensors = saved_tensors(module);
  std::vector<TensorView> views;
  views.reserve(tensors.size());
  for (const NamedBuffer& saved : tensors) views.push_back(tensor_view(saved.name, saved.tensor.value()));
  write_safetensors(path, std::move(views), {.metadata = metadata});
}

std::vector<Array> read_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options) {
  const std::vector<NamedBuffer> tensors = saved_tensors(module);
  const std::map<std::string, std::string> names = names_in_file(tensors, options.rename);
  const SafetensorsFile file(path, {.require_digest = options.require_digest});
  std::vector<ExpectedTensor> expected;
  expected.reserve(tensors.size());
  for (const NamedBuffer& saved : tensors) {
    const Shape& shape = saved.tensor.shape();
    expected.push_back({names.at(saved.name), StoredShape(shape.begin(), shape.end())});
  }
  require_tensors(file, expected);
  std::vector<Array> values;
  values.reserve(tensors.size());
  for (const NamedBuffer& saved : tensors) {
    values.push_back(read_array(file.file(), file.tensor(names.at(saved.name))));
  }
  return values;
}

void load_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options) {
  const std::vector<Array> values = read_weights(path, module, options);
  const std::vector<NamedBuffer> tensors = saved_tensors(module);
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].tensor.assign(values[i]);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
