// Every layer of the table: gradients against central differences, and what must hold for all of them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "autograd/gradcheck.h"
#include "autograd/scopes.h"
#include "layers/registry.h"
#include "tests/common/arrays.h"
#include "tests/layers/layer_cases.h"

using namespace headlight;
using namespace headlight::layer_test;

namespace {

constexpr bool kDouble = sizeof(Real) == 8;

std::vector<Tensor> tensors_of(const LayerCase& c, bool requires_grad) {
  std::vector<Tensor> inputs;
  for (const Array& input : c.inputs) inputs.emplace_back(input, requires_grad);
  return inputs;
}

}  // namespace

TEST_CASE("every layer passes a gradient check for its inputs and each of its parameters") {
  std::map<std::string, double> worst;
  for (const LayerCase& c : layer_cases()) {
    INFO(name_of(c));
    const std::unique_ptr<Module> module = build(c);
    std::vector<Tensor> parameters;
    for (const NamedParameter& parameter : module->parameters()) parameters.push_back(parameter.tensor);
    const GradcheckResult result =
        gradcheck([&](const std::vector<Tensor>& x) { return c.run(*module, x); }, c.inputs, parameters);
    INFO(to_string(result));
    CHECK(result.passed);
    if (kDouble) CHECK(result.worst_error <= c.worst);
    worst[c.class_name] = std::max(worst[c.class_name], result.worst_error);
  }
  // Shown with -s: the worst error of each class.
  for (const auto& [class_name, error] : worst) SUCCEED(class_name << ": worst error " << error);
}

TEST_CASE("every parameter of a layer receives a gradient") {
  for (const LayerCase& c : layer_cases()) {
    INFO(name_of(c));
    const std::unique_ptr<Module> module = build(c);
    const Tensor y = c.run(*module, tensors_of(c, true));
    y.backward(testing::drawn(y.shape(), -1, 1, 7));
    if (c.what == "gradient through the weights") continue;  // the projections of values lie behind them
    for (const NamedParameter& parameter : module->parameters()) {
      INFO(parameter.name);
      CHECK(parameter.tensor.has_grad());
      CHECK(parameter.tensor.label() == parameter.name);
      CHECK_FALSE(parameter.initialization.empty());
    }
  }
}

TEST_CASE("a layer gives the same bytes with and without recording a graph") {
  for (const LayerCase& c : layer_cases()) {
    INFO(name_of(c));
    const std::unique_ptr<Module> module = build(c);
    const Tensor y = c.run(*module, tensors_of(c, true));
    const NoGrad guard;
    CHECK(same_bytes(y.value(), c.run(*module, tensors_of(c, false)).value()));
  }
}

TEST_CASE("the same seed builds the same layer, another seed another one") {
  for (const LayerCase& c : layer_cases()) {
    INFO(name_of(c));
    Init one(1), again(1), other(2);
    const std::unique_ptr<Module> a = c.make(one), b = c.make(again), d = c.make(other);
    REQUIRE(a->parameters().size() == b->parameters().size());
    for (std::size_t i = 0; i < a->parameters().size(); ++i) {
      const NamedParameter p = a->parameters()[i], q = b->parameters()[i], r = d->parameters()[i];
      INFO(p.name);
      CHECK(p.name == q.name);
      CHECK(same_bytes(p.tensor.value(), q.tensor.value()));
      const bool drawn =
          p.initialization.find("uniform") != std::string::npos || p.initialization.find("normal") != std::string::npos;
      CHECK(same_bytes(p.tensor.value(), r.tensor.value()) != drawn);
    }
  }
}

TEST_CASE("every registered layer has at least five cases") {
  std::map<std::string, int> cases;
  for (const LayerCase& c : layer_cases()) ++cases[c.type];
  CHECK(registered_layers().size() >= 11);  // ten of ours and a user's
  for (const std::string& type : registered_layers()) {
    INFO(type);
    CHECK(cases[type] >= 5);
  }
}

TEST_CASE("every layer and module declared in layers has at least five cases") {
  std::map<std::string, int> cases;
  for (const LayerCase& c : layer_cases()) ++cases[c.class_name];
  const std::regex declaration(R"(^class (\w+) : public (?:Layer|Module|InputStage) \{)");
  std::set<std::string> declared;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(HEADLIGHT_SOURCE_DIR "/layers")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (std::regex_search(line, match, declaration)) declared.insert(match[1]);
    }
  }
  for (const char* const base : {"Layer", "InputStage", "AttentionScore"}) declared.erase(base);
  CHECK(declared.size() >= 13);  // the headers were found and read
  for (const std::string& class_name : declared) {
    INFO(class_name);
    CHECK(cases[class_name] >= 5);
  }
}
