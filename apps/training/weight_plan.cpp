#include "apps/training/weight_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "apps/training/gpt2_names.h"
#include "apps/training/torch_names.h"
#include "core/error.h"

namespace headlight {
namespace {

/// `rename`, sorted by what its entries do.
struct Sorted {
  Renames whole{};                      ///< our name -> name in the file
  Renames prefixes{};                   ///< theirs -> ours
  std::vector<std::string> left_out{};  ///< names in the file
};

/// A prefix of names: it ends with a dot, or is that of all names.
bool begins_names(std::string_view text) { return text.empty() || text.ends_with('.'); }

Sorted sorted(std::span<const OurParameter> ours, const Renames& rename, std::string_view where) {
  Sorted result;
  for (const auto& [theirs, mine] : rename) {
    if (begins_names(theirs) && begins_names(mine)) {
      result.prefixes.emplace(theirs, mine);
      continue;
    }
    if (mine.empty()) {
      result.left_out.push_back(theirs);
      continue;
    }
    if (std::ranges::find(ours, mine, &OurParameter::name) == ours.end()) {
      raise<ConfigError>(where, "the model has no parameter `" + mine + "`", "given for `" + theirs + "`",
                         "train with -v --dry-run to see all names");
    }
    const auto [other, first] = result.whole.emplace(mine, theirs);
    if (!first) {
      raise<ConfigError>(where, "two tensors are given for `" + mine + "`",
                         "`" + other->second + "` and `" + theirs + "`");
    }
  }
  return result;
}

/// The name with the longest `from` that it begins with replaced. `names` holds pairs from -> to.
std::string replaced(const std::string& name, const std::vector<std::pair<std::string, std::string>>& names) {
  const std::pair<std::string, std::string>* best = nullptr;
  for (const auto& entry : names) {
    if (name.starts_with(entry.first) && (best == nullptr || entry.first.size() > best->first.size())) best = &entry;
  }
  return best != nullptr ? best->second + name.substr(best->first.size()) : name;
}

/// Names after the prefixes were renamed -> names in the file.
Renames renamed(const SafetensorsFile& file, const Sorted& given) {
  const std::vector<std::pair<std::string, std::string>> prefixes(given.prefixes.begin(), given.prefixes.end());
  for (const auto& [theirs, mine] : prefixes) {
    const bool used = std::ranges::any_of(file.tensors(), [&theirs = theirs](const StoredTensor& tensor) {
      return tensor.name.starts_with(theirs);
    });
    if (!used)
      raise<ConfigError>(kLoadRename, "no tensor of the file begins with `" + theirs + "`",
                         file.file().path().string());
  }
  for (const std::string& name : given.left_out) file.tensor(name);
  Renames names;
  for (const StoredTensor& tensor : file.tensors()) {
    const auto [other, first] = names.emplace(replaced(tensor.name, prefixes), tensor.name);
    if (!first) {
      raise<ConfigError>(kLoadRename, "two tensors are called `" + other->first + "` once they are renamed",
                         "`" + other->second + "` and `" + tensor.name + "`");
    }
  }
  return names;
}

StoredPlaces own_places(std::span<const OurParameter> ours) {
  StoredPlaces places;
  for (const OurParameter& parameter : ours) places.emplace(parameter.name, StoredPlace{.tensor = parameter.name});
  return places;
}

/// The format of the file under its renamed names.
WeightFormat found_format(const SafetensorsFile& file, std::span<const OurParameter> ours, const Renames& names,
                          const Renames& whole) {
  const bool all_there = std::ranges::all_of(ours, [&](const OurParameter& parameter) {
    return whole.contains(parameter.name) || names.contains(parameter.name);
  });
  if (all_there) return WeightFormat::headlight;
  std::vector<StoredTensor> tensors;
  for (const auto& [name, in_file] : names) {
    tensors.push_back(file.tensor(in_file));
    tensors.back().name = name;
  }
  return format_of(tensors);
}

bool has(std::span<const OurParameter> ours, std::string_view name) {
  return std::ranges::find(ours, name, &OurParameter::name) != ours.end();
}

}  // namespace

ReadingPlan plan_reading(const SafetensorsFile& file, std::span<const OurParameter> ours, const Renames& rename,
                         std::optional<WeightFormat> format) {
  const Sorted given = sorted(ours, rename, kLoadRename);
  const Renames names = renamed(file, given);
  std::vector<std::string> theirs;
  for (const auto& [name, in_file] : names) theirs.push_back(name);

  ReadingPlan plan{.format = format.value_or(found_format(file, ours, names, given.whole)), .left_out = given.left_out};
  std::string head_name;
  switch (plan.format) {
    case WeightFormat::headlight:
      plan.places = own_places(ours);
      break;
    case WeightFormat::torch:
      plan.places = torch_places(ours, torch_stacks(ours, theirs));
      head_name = "head.weight";
      break;
    case WeightFormat::gpt2:
    case WeightFormat::gpt2_linear:
      plan.places = gpt2_places(ours, gpt2_names(theirs, plan.format));
      head_name = "lm_head.weight";
      for (const auto& [name, in_file] : names) {
        if (is_gpt2_buffer(name)) plan.left_out.push_back(in_file);
      }
      break;
  }
  for (auto& [mine, place] : plan.places) {
    const auto whole = given.whole.find(mine);
    const auto in_file = names.find(place.tensor);
    if (whole != given.whole.end()) {
      place = {.tensor = whole->second};
    } else if (in_file != names.end()) {
      place.tensor = in_file->second;
    }
  }
  // Tied weights stand twice in a state dict, once in our model.
  const auto head = names.find(head_name);
  if (head != names.end() && !has(ours, "head.weight") && has(ours, "embedding.weight")) plan.tied = head->second;
  return plan;
}

StoredPlaces plan_writing(std::span<const OurParameter> ours, const Renames& rename, WeightFormat format) {
  const Sorted given = sorted(ours, rename, kExport);
  StoredPlaces places;
  switch (format) {
    case WeightFormat::headlight:
      places = own_places(ours);
      break;
    case WeightFormat::torch:
      places = torch_places(ours, {});
      break;
    case WeightFormat::gpt2:
    case WeightFormat::gpt2_linear:
      places = gpt2_places(ours, {.weights_in_out = format == WeightFormat::gpt2});
      break;
  }
  std::vector<std::pair<std::string, std::string>> backwards;
  for (const auto& [theirs, mine] : given.prefixes) backwards.emplace_back(mine, theirs);
  for (auto& [mine, place] : places) {
    const auto whole = given.whole.find(mine);
    if (whole != given.whole.end()) {
      place = {.tensor = whole->second};
    } else {
      place.tensor = replaced(place.tensor, backwards);
    }
  }
  return places;
}

std::vector<ExpectedTensor> stored_tensors(std::span<const OurParameter> ours, const StoredPlaces& places,
                                           std::string_view where) {
  std::map<std::string, ExpectedTensor> tensors;
  for (const OurParameter& parameter : ours) {
    const StoredPlace& place = places.at(parameter.name);
    StoredShape shape = parameter.shape;
    if (place.as_row) {
      std::uint64_t count = 1;
      for (const std::uint64_t extent : shape) count *= extent;
      shape = {1, 1, count};
    } else if (place.transposed && shape.size() == 2) {
      std::swap(shape[0], shape[1]);
    }
    const auto [found, first] = tensors.emplace(place.tensor, ExpectedTensor{place.tensor, shape});
    // One shape is kept for both, so only equal ones can be compared with the file.
    if (!first && place.parts == 1 && found->second.shape != shape) {
      const auto other = std::ranges::find(ours, place.tensor, [&](const OurParameter& earlier) -> const std::string& {
        return places.at(earlier.name).tensor;
      });
      raise<ConfigError>(where, "parameters of different shapes are given one tensor",
                         fmt::format("`{}` for `{}` {} and `{}` {}", place.tensor, other->name, to_string(other->shape),
                                     parameter.name, to_string(parameter.shape)),
                         "rename one of them");
    }
    const std::size_t axis = place.transposed ? 1 : 0;
    if (!first && place.parts > 1 && axis < shape.size()) found->second.shape.at(axis) += shape[axis];
  }
  std::vector<ExpectedTensor> list;
  list.reserve(tensors.size());
  for (auto& [name, tensor] : tensors) list.push_back(std::move(tensor));
  return list;
}

}  // namespace headlight
