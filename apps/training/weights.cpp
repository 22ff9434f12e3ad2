#include "apps/training/weights.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "apps/training/weight_metadata.h"
#include "core/error.h"
#include "core/io/array_io.h"
#include "core/rearrange.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

std::vector<OurParameter> ours_of(const std::vector<NamedBuffer>& tensors) {
  std::vector<OurParameter> ours;
  for (const NamedBuffer& saved : tensors) {
    const Shape& shape = saved.tensor.shape();
    ours.push_back({saved.name, StoredShape(shape.begin(), shape.end())});
  }
  return ours;
}

/// Tensors of ours that share a stored one, in the order of their parts.
using Parts = std::map<std::string, std::vector<std::size_t>>;  ///< stored -> indices of ours

Parts parts_of(const std::vector<NamedBuffer>& tensors, const StoredPlaces& places) {
  Parts parts;
  for (std::size_t i = 0; i < tensors.size(); ++i) parts[places.at(tensors[i].name).tensor].push_back(i);
  for (auto& [tensor, indices] : parts) {
    std::ranges::stable_sort(indices, {}, [&](std::size_t i) { return places.at(tensors[i].name).part; });
  }
  return parts;
}

/// The values of the tensors `indices`, cut from what is stored.
void take_apart(Array stored, const std::vector<NamedBuffer>& tensors, const std::vector<std::size_t>& indices,
                const StoredPlaces& places, std::vector<Array>& values) {
  if (places.at(tensors[indices.front()].name).transposed) stored = axes_swapped(stored, 0, 1);
  std::size_t begin = 0;
  for (const std::size_t i : indices) {
    Array value = uninitialized(tensors[i].tensor.shape());
    if (begin + value.size() > stored.size()) {
      raise<ConfigError>(kLoadRename, "a tensor is too small for the parameters that share it",
                         "`" + places.at(tensors[i].name).tensor + "` for `" + tensors[i].name + "`",
                         "rename one of them");
    }
    std::copy_n(stored.data() + begin, value.size(), value.data());
    if (places.at(tensors[i].name).parts > 1) begin += value.size();
    values[i] = std::move(value);
  }
}

/// The tensors `indices` as one tensor of a file.
Array put_together(const std::vector<NamedBuffer>& tensors, const std::vector<std::size_t>& indices,
                   const StoredPlaces& places, const StoredShape& shape) {
  const StoredPlace& place = places.at(tensors[indices.front()].name);
  Shape extents(shape.size());
  std::copy(shape.begin(), shape.end(), extents.begin());
  if (place.transposed) std::swap(extents[0], extents[1]);
  Array joined = uninitialized(extents);
  Real* end = joined.data();
  for (const std::size_t i : indices) {
    const Array& value = tensors[i].tensor.value();
    end = std::copy_n(value.data(), value.size(), end);
  }
  return place.transposed ? axes_swapped(joined, 0, 1) : joined;
}

/// Our head shares the embedding's table; one that the file keeps besides must be the same.
void check_tied(const SafetensorsFile& file, const std::string& head, const std::string& embedding) {
  const Array a = read_array(file.file(), file.tensor(head));
  const Array b = read_array(file.file(), file.tensor(embedding));
  if (same_bytes(a, b)) return;
  raise<FileError>(file.file().path().string(), "the head differs from the embedding, but the model ties them",
                   "`" + head + "` and `" + embedding + "`", "set model.tie_embeddings to false");
}

}  // namespace

std::vector<NamedBuffer> saved_tensors(const Module& module) {
  std::vector<NamedBuffer> tensors;
  for (const NamedParameter& parameter : module.parameters()) tensors.push_back({parameter.name, parameter.tensor});
  for (const NamedBuffer& buffer : module.buffers()) tensors.push_back(buffer);
  return tensors;
}

void save_weights(const std::filesystem::path& path, const Module& module, const Metadata& metadata) {
  export_weights(path, module, {.metadata = metadata});
}

void export_weights(const std::filesystem::path& path, const Module& module, const ExportOptions& options) {
  const std::vector<NamedBuffer> tensors = saved_tensors(module);
  const std::vector<OurParameter> ours = ours_of(tensors);
  const StoredPlaces places = plan_writing(ours, options.rename, options.format);
  const Parts parts = parts_of(tensors, places);
  std::map<std::string, Array> joined;
  std::vector<TensorView> views;
  for (const ExpectedTensor& tensor : stored_tensors(ours, places, kExport)) {
    const std::vector<std::size_t>& indices = parts.at(tensor.name);
    const StoredPlace& place = places.at(tensors[indices.front()].name);
    if (indices.size() != place.parts) {
      raise<ConfigError>(kExport, "parameters do not fill the tensor that they share",
                         "`" + tensor.name + "` has " + std::to_string(indices.size()) + " parts instead of " +
                             std::to_string(place.parts),
                         "rename one of them");
    }
    const bool as_it_is = place.parts == 1 && !place.transposed && !place.as_row;
    const Array& array =
        as_it_is ? tensors[indices.front()].tensor.value()
                 : joined.emplace(tensor.name, put_together(tensors, indices, places, tensor.shape)).first->second;
    views.push_back(tensor_view(tensor.name, array));
  }
  write_safetensors(path, std::move(views), {.metadata = options.metadata});
}

std::vector<Array> read_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options) {
  const std::vector<NamedBuffer> tensors = saved_tensors(module);
  const std::vector<OurParameter> ours = ours_of(tensors);
  const SafetensorsFile file(path, {.require_digest = options.require_digest});
  check_metadata(file, options.step);
  const ReadingPlan plan = plan_reading(file, ours, options.rename, options.format);
  std::vector<std::string> left_out = plan.left_out;
  if (plan.tied) left_out.push_back(*plan.tied);
  require_tensors(file, stored_tensors(ours, plan.places, kLoadRename), left_out);
  if (plan.tied) check_tied(file, *plan.tied, plan.places.at("embedding.weight").tensor);
  std::vector<Array> values(tensors.size());
  for (const auto& [tensor, indices] : parts_of(tensors, plan.places)) {
    take_apart(read_array(file.file(), file.tensor(tensor)), tensors, indices, plan.places, values);
  }
  return values;
}

void load_weights(const std::filesystem::path& path, const Module& module, const LoadOptions& options) {
  const std::vector<Array> values = read_weights(path, module, options);
  const std::vector<NamedBuffer> tensors = saved_tensors(module);
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].tensor.assign(values[i]);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
