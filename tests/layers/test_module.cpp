// The tree of named parameters.
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "core/error.h"
#include "layers/dense.h"
#include "layers/sequential.h"
#include "layers/summary.h"
#include "tests/layers/parameter_names.h"

using namespace headlight;

namespace {

/// A module whose protected members a test may call.
class Open : public Module {
 public:
  using Module::adopt;
  using Module::buffer;
  using Module::child;
  using Module::parameter;
  using Module::share;
};

Initial some(const Shape& shape) { return {full(shape, 1), "ones"}; }

/// Multiplies by a parameter of rank 0.
class Scale : public Layer {
 public:
  Scale() : scale_(parameter("scale", some({}))) {}
  Tensor forward(const Tensor& x, const Context&) override { return x * scale_; }

 private:
  Tensor scale_;
};

}  // namespace

TEST_CASE("parameters are listed depth first in order of declaration, labelled with their dotted names") {
  Init init(1);
  Open root;
  const Tensor first = root.parameter("first", some({2}));
  Open& inner = root.child<Open>("inner");
  inner.child<Dense>("dense", std::size_t{3}, std::size_t{2}, init);
  inner.parameter("own", some({2, 2}));
  const Tensor last = root.parameter("last", some({1}));
  // A module's own parameters stand before its children's.
  CHECK(names_of(root) ==
        std::vector<std::string>{"first", "last", "inner.own", "inner.dense.weight", "inner.dense.bias"});
  CHECK(last.label() == "last");
  for (const NamedParameter& parameter : root.parameters()) CHECK(parameter.tensor.label() == parameter.name);
  CHECK(inner.path() == "inner");
  CHECK(inner.children().at(0).module->path() == "inner.dense");
  CHECK(parameter_count(root) == 2 + 1 + 4 + 6 + 2);
  CHECK(names_of(inner) == std::vector<std::string>{"own", "dense.weight", "dense.bias"});
}

TEST_CASE("adopting a module renames everything below it") {
  Init init(1);
  std::vector<NamedLayer> layers;
  layers.push_back({"0", std::make_unique<Dense>(2, 2, init)});
  auto sequence = std::make_unique<Sequential>(std::move(layers));
  const Tensor weight = sequence->parameters().at(0).tensor;
  CHECK(weight.label() == "0.weight");
  Open root;
  const Module& adopted = root.adopt("body", std::move(sequence));
  CHECK(weight.label() == "body.0.weight");
  CHECK(adopted.path() == "body");
}

TEST_CASE("a parameter of rank 0 is one number") {
  Scale layer;
  CHECK(parameter_count(layer) == 1);
  CHECK(layer(Tensor(full({3}, 2)), {}).value() == full({3}, 2));
}

TEST_CASE("names that are taken, empty or dotted are refused, and values without elements") {
  Init init(1);
  Open root;
  root.parameter("weight", some({1}));
  root.child<Open>("inner");
  const std::string twice = " is declared twice; choose another name";
  CHECK_THROWS_WITH(root.parameter("weight", some({1})), "module: `weight`" + twice);
  CHECK_THROWS_WITH(root.parameter("inner", some({1})), "module: `inner`" + twice);
  CHECK_THROWS_WITH(root.child<Open>("inner"), "module: `inner`" + twice);
  CHECK_THROWS_WITH(root.child<Open>("weight"), "module: `weight`" + twice);
  const std::string dots = "; dots separate a module from its children";
  CHECK_THROWS_WITH(root.parameter("a.b", some({1})), "module: the name `a.b` is empty or holds a dot; in ``" + dots);
  CHECK_THROWS_WITH(root.child<Open>(""), "module: the name `` is empty or holds a dot; in ``" + dots);
  CHECK_THROWS_WITH(root.parameter("empty", {zeros({0, 3}), "zeros"}),
                    "parameter: `empty` has no elements; shape (0, 3)");
  CHECK_THROWS_WITH(root.adopt("nothing", nullptr), "child: `nothing` is null");
  CHECK_THROWS_AS(root.parameter("weight", some({1})), StateError);
  CHECK_THROWS_AS(root.parameter("empty", {zeros({0, 3}), "zeros"}), ShapeError);
  // What failed has left nothing behind.
  CHECK(names_of(root) == std::vector<std::string>{"weight"});
  CHECK(root.children().size() == 1);
}

TEST_CASE("messages from below name the whole path") {
  Open root;
  Open& inner = root.child<Open>("inner");
  inner.parameter("weight", some({1}));
  CHECK_THROWS_WITH(inner.parameter("weight", some({1})),
                    "module: `inner.weight` is declared twice; choose another name");
}

TEST_CASE("a shared parameter is listed once, where it belongs, and alone where its owner is out of sight") {
  Open root;
  Open& head = root.child<Open>("head");
  Open& embedding = root.child<Open>("embedding");
  const Tensor table = embedding.parameter("weight", some({2, 3}));
  head.share("weight", table);
  CHECK(names_of(root) == std::vector<std::string>{"embedding.weight"});
  CHECK(table.label() == "embedding.weight");
  CHECK(parameter_count(root) == 6);
  CHECK(names_of(head) == std::vector<std::string>{"weight"});
  CHECK_THROWS_WITH(head.share("other", Tensor(full({2}, 1))),
                    "share: `head.other` is not a parameter; (2); share the tensor that parameter() returned");
  CHECK_THROWS_WITH(head.share("weight", table), "module: `head.weight` is declared twice; choose another name");
}

TEST_CASE("buffers have names and labels as parameters do, but are no parameters and want no gradient") {
  Open root;
  Open& inner = root.child<Open>("inner");
  const Tensor mean = inner.buffer("running_mean", full({2}, 3));
  root.buffer("count", full({1}, 1));
  std::vector<std::string> names;
  for (const NamedBuffer& buffer : root.buffers()) {
    names.push_back(buffer.name);
    CHECK(buffer.tensor.label() == buffer.name);
    CHECK_FALSE(buffer.tensor.requires_grad());
  }
  CHECK(names == std::vector<std::string>{"count", "inner.running_mean"});
  CHECK(root.parameters().empty());
  CHECK(parameter_count(root) == 0);
  mean.assign(full({2}, 4));
  CHECK(root.buffers().at(1).tensor.value() == full({2}, 4));
  CHECK_THROWS_WITH(inner.parameter("running_mean", some({1})),
                    "module: `inner.running_mean` is declared twice; choose another name");
  CHECK_THROWS_WITH(root.buffer("inner", full({1}, 1)), "module: `inner` is declared twice; choose another name");
  CHECK_THROWS_WITH(root.buffer("nothing", zeros({0})), "buffer: `nothing` has no elements; shape (0)");
}
