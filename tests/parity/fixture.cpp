#include "tests/parity/fixture.h"

#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/array_io.h"
#include "core/io/strict_json.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

Fixture::Fixture(const std::string& name) : file_(HEADLIGHT_SOURCE_DIR "/tests/reference/" + name + ".safetensors") {
  const auto version = file_.metadata().find("format_version");
  if (version == file_.metadata().end() || version->second != "1") {
    raise<FileError>("fixture", "the format version is not 1", file_.file().path().string());
  }
}

Array Fixture::array(const std::string& tensor) const { return read_array(file_.file(), file_.tensor(tensor)); }
Tokens Fixture::tokens(const std::string& tensor) const { return read_tokens(file_.file(), file_.tensor(tensor)); }
bool Fixture::is_real(const std::string& tensor) const { return file_.tensor(tensor).dtype == DType::kF64; }

std::vector<double> Fixture::doubles(const std::string& tensor) const {
  const StoredTensor& stored = file_.tensor(tensor);
  if (stored.dtype != DType::kF64) raise<FileError>("fixture", "`" + tensor + "` is not F64");
  std::vector<double> values(stored.bytes / sizeof(double));
  file_.file().read(stored.offset, std::as_writable_bytes(std::span(values)));
  return values;
}

std::vector<std::string> Fixture::names() const {
  std::vector<std::string> names;
  for (const StoredTensor& tensor : file_.tensors()) names.push_back(tensor.name);
  return names;
}

nlohmann::json Fixture::json(const std::string& key) const {
  return parse_json(file_.metadata().at(key), {}, file_.file().path().string() + ", metadata " + key);
}

std::string FixtureCase::describe() const { return op + " " + std::to_string(number) + " " + attributes().dump(); }

std::vector<FixtureCase> fixture_cases(const std::string& name) {
  const auto file = std::make_shared<const Fixture>(name);
  const auto names = [](const nlohmann::json& entry, const char* key) {
    return entry.value(key, std::vector<std::string>());
  };
  std::vector<FixtureCase> cases;
  for (const nlohmann::json& entry : file->json("cases")) {
    cases.push_back({.op = entry.at("op"),
                     .number = entry.at("case"),
                     .inputs = names(entry, "inputs"),
                     .parameters = names(entry, "parameters"),
                     .results = names(entry, "results"),
                     .attribute_object = std::make_shared<const nlohmann::json>(entry.at("attributes")),
                     .file = file});
  }
  return cases;
}

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
