#include "apps/training/weights.h"

#include <utility>
#include <vector>

#include "core/error.h"
#include "core/io/array_io.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Our name -> name in the file, for every parameter.
std::map<std::string, std::string> names_in_file(const std::vector<NamedParameter>& parameters, const Renames& rename) {
  std::map<std::string, std::string> names;
  for (const NamedParameter& parameter : parameters) names[parameter.name] = parameter.name;
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

void save_weights(const std::filesystem::path& path, const Module& module, const Metadata& metadata) {
  const std::vector<NamedParameter> parameters = module.parameters();
  std::vector<TensorView> views;
  views.reserve(parameters.size());
  for (const NamedParameter& parameter : parameters) {
    views.push_back(tensor_view(parameter.name, parameter.tensor.value()));
  }
  write_safetensors(path, std::move(views), {.metadata = metadata});
}

std::vector<Array> read_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options) {
  const std::vector<NamedParameter> parameters = module.parameters();
  const std::map<std::string, std::string> names = names_in_file(parameters, options.rename);
  const SafetensorsFile file(path, {.require_digest = options.require_digest});
  std::vector<ExpectedTensor> expected;
  expected.reserve(parameters.size());
  for (const NamedParameter& parameter : parameters) {
    const Shape& shape = parameter.tensor.shape();
    expected.push_back({names.at(parameter.name), StoredShape(shape.begin(), shape.end())});
  }
  require_tensors(file, expected);
  std::vector<Array> values;
  values.reserve(parameters.size());
  for (const NamedParameter& parameter : parameters) {
    values.push_back(read_array(file.file(), file.tensor(names.at(parameter.name))));
  }
  return values;
}

void load_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options) {
  const std::vector<Array> values = read_weights(path, module, options);
  const std::vector<NamedParameter> parameters = module.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].tensor.assign(values[i]);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
