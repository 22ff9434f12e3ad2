#pragma once

// The fixtures of tests/reference that PyTorch computed; its README.md describes the format.
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/array.h"
#include "core/io/safetensors.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace parity {

/// Tolerances of tests/reference/README.md.
constexpr double kRtol = sizeof(Real) == 8 ? 1e-10 : 1.3e-6;
constexpr double kAtol = sizeof(Real) == 8 ? 1e-10 : 1e-5;

/// One safetensors file below tests/reference.
class Fixture {
 public:
  /// `name` without its ending: "ops/attention". Throws FileError when it is missing, damaged or of another format.
  explicit Fixture(const std::string& name);

  bool has(const std::string& tensor) const { return file_.find(tensor) != nullptr; }
  Array array(const std::string& tensor) const;
  Tokens tokens(const std::string& tensor) const;
  /// An F64 tensor in full, also in the float build.
  std::vector<double> doubles(const std::string& tensor) const;
  /// True for F64, the type of everything that may have a gradient.
  bool is_real(const std::string& tensor) const;
  /// Names of all tensors.
  std::vector<std::string> names() const;
  /// A metadata value that is JSON.
  nlohmann::json json(const std::string& key) const;

 private:
  SafetensorsFile file_;
};

/// One case of a fixture with its tensors, named without the "case/<op>/<n>/" in front.
struct FixtureCase {
  std::string op;
  std::size_t number;
  std::vector<std::string> inputs, parameters, results;
  std::shared_ptr<const nlohmann::json> attribute_object;
  std::shared_ptr<const Fixture> file;

  const nlohmann::json& attributes() const { return *attribute_object; }
  std::string prefix() const { return "case/" + op + "/" + std::to_string(number) + "/"; }
  bool has(const std::string& name) const { return file->has(prefix() + name); }
  bool is_real(const std::string& name) const { return file->is_real(prefix() + name); }
  Array array(const std::string& name) const { return file->array(prefix() + name); }
  Tokens tokens(const std::string& name) const { return file->tokens(prefix() + name); }
  std::vector<double> doubles(const std::string& name) const { return file->doubles(prefix() + name); }
  /// "softmax 3 {"axis":1}", for messages.
  std::string describe() const;
};

/// The cases of a file, in its order.
std::vector<FixtureCase> fixture_cases(const std::string& name);

}  // namespace parity
}  // namespace headlight::inline HEADLIGHT_PRECISION
