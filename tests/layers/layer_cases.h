#pragma once

// The table of layers that the tests walk: every registered type and every class of layers/ has at least five cases.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "layers/init.h"
#include "layers/layer.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace layer_test {

struct LayerCase {
  std::string type;        ///< the registered type; empty for a class that configs do not name
  std::string class_name;  ///< as declared in its header
  std::string what;        ///< what this case is about
  std::function<std::unique_ptr<Module>(Init&)> make;
  std::function<Tensor(Module&, const std::vector<Tensor>&)> run;
  std::vector<Array> inputs;
  /// Largest GradcheckResult::worst_error allowed in double: rounding of central differences with eps = 1e-6 errs by
  /// 2^-53 / eps = 1e-10 times the sum |u y|, here below 1e3; truncation by eps^2 |f'''| / 6.
  double worst = 1e-7;
};

/// Built from JSON by the registry and called with the first input.
LayerCase from_json(const std::string& class_name, const std::string& what, const std::string& json, Array x);

std::vector<LayerCase> plain_cases();
std::vector<LayerCase> attention_cases();
std::vector<LayerCase> block_cases();
std::vector<LayerCase> model_cases();

/// The same case while training: randomness is drawn alike at every call, since it is a function of seed and step.
LayerCase trained(LayerCase c);

/// All of them.
const std::vector<LayerCase>& layer_cases();

/// The module of a case, with parameters away from the special values 0 and 1 with which some begin.
std::unique_ptr<Module> build(const LayerCase& c);

std::string name_of(const LayerCase& c);

}  // namespace layer_test
}  // namespace headlight::inline HEADLIGHT_PRECISION
