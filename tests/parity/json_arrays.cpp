#include "tests/parity/json_arrays.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/strict_json.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {
namespace {

Shape shape_of(const nlohmann::json& json) {
  const auto extents = json.at("shape").get<std::vector<std::size_t>>();
  return Shape(extents.begin(), extents.end());
}

std::vector<double> data_of(const nlohmann::json& json, std::size_t size) {
  auto data = json.at("data").get<std::vector<double>>();
  if (data.size() != size) raise<FileError>("reference", "shape and data do not agree", json.at("shape").dump());
  return data;
}

}  // namespace

nlohmann::json reference_json(const std::string& name) {
  const std::string path = HEADLIGHT_SOURCE_DIR "/tests/reference/" + name;
  return parse_json(read_file(path, std::uint64_t{1} << 24), {}, path);
}

Array array_of(const nlohmann::json& json) {
  Array array = uninitialized(shape_of(json));
  const std::vector<double> data = data_of(json, array.size());
  std::transform(data.begin(), data.end(), array.data(), [](double value) { return static_cast<Real>(value); });
  return array;
}

Booleans booleans_of(const nlohmann::json& json) {
  Booleans truth(shape_of(json));
  const std::vector<double> data = data_of(json, truth.size());
  std::transform(data.begin(), data.end(), truth.data(),
                 [](double value) { return static_cast<std::uint8_t>(value != 0); });
  return truth;
}

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
