// Looking into attention, feature by feature; features.tsv is the list.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/attribution.h"
#include "apps/inspect/capture.h"
#include "apps/inspect/head_algebra.h"
#include "autograd/ops.h"
#include "layers/attention_loss.h"
#include "layers/hooks.h"
#include "tests/layers/model_runs.h"
#include "tests/rows/rows.h"

using namespace headlight;
using namespace headlight::rows;
using namespace headlight::layer_test;

namespace {

Array logits_of(Model& model, const Tokens& ids, const Context& context = {}) {
  const NoGrad guard;
  return model(ids, context).value();
}

/// The ids of some_ids() with member 0's last token replaced.
Tokens corrupt_ids() {
  Tokens ids = some_ids();
  ids.data()[4] = 6;
  return ids;
}

}  // namespace

TEST_CASE("row 30: the weights of every layer and head come out of a running model, rows summing to 1") {
  Init init(1);
  Model model(small_model(), init);
  AttentionCapture capture;
  logits_of(model, some_ids(), {.mask = Mask::padding({5, 3, 1}), .recorder = &capture});
  REQUIRE(capture.layers().size() == 2);
  CHECK(capture.layers()[1].path == "layers.1.attention");
  for (const AttentionWeights& layer : capture.layers()) {
    CHECK((layer.batch == 3 && layer.heads == 2 && layer.queries == 5 && layer.keys == 5));
    for (std::size_t head = 0; head < 2; ++head) {
      const float* const row = layer.row(1, head, 2);
      CHECK(std::abs(static_cast<double>(row[0] + row[1] + row[2]) - 1) < 1e-6);
      CHECK((row[3] == 0 && row[4] == 0));
    }
  }
}

TEST_CASE("row 31: a loss on a map reaches queries and keys, and gradient steps move the map to its target") {
  Init init(1);
  MultiHeadAttention layer({.d_model = 4, .heads = 2}, init);
  const Tensor x(drawn({1, 3, 4}, -1, 1, 1));
  const Array target = by_index({3, 3}, [](const Index& i) { return i[0] + i[1] == 2 ? 1.0 : 0.0; });
  const auto loss = [&] { return attention_loss(layer.attend(x, x, x, {}, {}).weights, 1, target); };
  const double before = static_cast<double>(loss().item());
  for (int step = 0; step < 200; ++step) {
    for (const NamedParameter& p : layer.parameters()) p.tensor.zero_grad();
    loss().backward();
    CHECK(same_bytes(parameter_named(layer, "value.weight").grad(), zeros({4, 4})));
    for (const char* name : {"query.weight", "key.weight"}) {
      const Tensor weight = parameter_named(layer, name);
      weight.assign((weight.detach() - Tensor(weight.grad()) * Real{1}).value());
    }
  }
  CHECK(static_cast<double>(loss().item()) < 0.1 * before);
}

TEST_CASE("row 32: q, k, v, logits, weights, z and contributions are there by name, and fit together") {
  Init init(1);
  MultiHeadAttention layer({.d_model = 6, .heads = 3}, init);
  draw(layer);
  Hooks hooks(layer);
  std::map<HookPoint, Tensor> seen;
  for (const HookPoint point : {HookPoint::query, HookPoint::key, HookPoint::value, HookPoint::logits,
                                HookPoint::weights, HookPoint::z, HookPoint::contributions}) {
    hooks.read("", point, [&seen, point](const std::string&, const Tensor& value) { seen[point] = value.detach(); });
  }
  const Array y = layer(Tensor(drawn({2, 4, 6}, -1, 1, 1)), {.hooks = &hooks}).value();
  const auto same = [](const Tensor& a, const Tensor& b) {
    return difference(a.value(), b.value(), kRounding, kRounding);
  };
  const Tensor products = matmul(seen[HookPoint::query], transpose(seen[HookPoint::key], -1, -2));
  CHECK(same(seen[HookPoint::logits], products / static_cast<Real>(std::sqrt(2.0))) == "");
  CHECK(same(seen[HookPoint::weights], softmax(seen[HookPoint::logits], -1)) == "");
  CHECK(same(seen[HookPoint::z], matmul(seen[HookPoint::weights], seen[HookPoint::value])) == "");
  const Tensor total = sum(seen[HookPoint::contributions], {.axes = {1}}) + parameter_named(layer, "output.bias");
  CHECK(same(Tensor(y), total) == "");
}

TEST_CASE("row 33: a head is ablated through a hook on any point, and a wrong name is refused with the right ones") {
  Init init(1);
  Model model(small_model(), init);
  const Tensor keep(array({1, 2, 1, 1}, {1, 0}));
  std::vector<Array> ablated;
  for (const HookPoint point : {HookPoint::used_weights, HookPoint::z, HookPoint::contributions}) {
    Hooks hooks(model);
    hooks.overwrite("layers.0.attention", point, [&](const std::string&, const Tensor& value) { return value * keep; });
    ablated.push_back(logits_of(model, some_ids(), {.hooks = &hooks}));
  }
  CHECK(difference(ablated[0], ablated[1], kRounding, kRounding) == "");
  CHECK(difference(ablated[0], ablated[2], kRounding, kRounding) == "");
  CHECK(difference(ablated[0], logits_of(model, some_ids()), kRounding, kRounding) != "");
  Hooks hooks(model);
  CHECK_THROWS_WITH(hooks.read("layers.7.attention", HookPoint::z, [](const std::string&, const Tensor&) {}),
                    Catch::Contains("`layers.0.attention`, `layers.1.attention`"));
}

TEST_CASE("row 34: the whole stream patched from a clean run restores its logits, one head's z a part") {
  Init init(1);
  Model model(small_model(), init);
  const Array clean = logits_of(model, some_ids()), corrupt = logits_of(model, corrupt_ids());
  const auto patched = [&](const std::string& path, HookPoint point) {
    Hooks read(model), write(model);
    Tensor kept;
    read.read(path, point, [&](const std::string&, const Tensor& value) { kept = value.detach(); });
    logits_of(model, some_ids(), {.hooks = &read});
    write.overwrite(path, point, [&](const std::string&, const Tensor&) { return kept; });
    return logits_of(model, corrupt_ids(), {.hooks = &write});
  };
  CHECK_FALSE(same_bytes(clean, corrupt));
  CHECK(same_bytes(patched("layers.1", HookPoint::output), clean));
  const Array part = patched("layers.1.attention", HookPoint::z);
  CHECK_FALSE(same_bytes(part, clean));
  CHECK_FALSE(same_bytes(part, corrupt));
}

TEST_CASE("row 35: QK and OV matrices of a head give its logits and its contribution") {
  Init init(1);
  MultiHeadAttention layer({.d_model = 4, .heads = 2, .bias = false}, init);
  draw(layer);
  const HeadWeights head = head_weights(layer, "", {.heads = 2})[1];
  const Tensor x(drawn({1, 3, 4}, -1, 1, 1));
  Hooks hooks(layer);
  Array logits;
  hooks.read("", HookPoint::logits, [&](const std::string&, const Tensor& value) { logits = value.value(); });
  layer(x, {.hooks = &hooks});
  const AttentionOutput result = layer.attend(x, x, x, {}, {});
  const Tensor rows = reshape(x, {3, 4});
  const Tensor scores =
      matmul(matmul(rows, Tensor(dense(qk_circuit(head)))), transpose(rows)) / static_cast<Real>(std::sqrt(2.0));
  const Tensor moved = matmul(rows, transpose(Tensor(dense(ov_circuit(head)))));
  const Array contributions = layer.contributions(result.heads).value();
  for (std::size_t q = 0; q < 3; ++q) {
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(std::abs(at(logits, {0, 1, q, k}) - at(scores.value(), {q, k})) <= kRounding);
    }
    for (std::size_t c = 0; c < 4; ++c) {
      double expected = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        expected += at(result.weights.value(), {0, 1, q, k}) * at(moved.value(), {k, c});
      }
      CHECK(std::abs(at(contributions, {0, 1, q, c}) - expected) <= kRounding);
    }
  }
}

TEST_CASE("row 36: the parts of the residual stream add up to the logits, head by head") {
  Init init(1);
  ModelOptions options = small_model(NormPlacement::none);
  options.attention_only = true;
  Model model(options, init);
  draw(model);
  std::vector<ResidualPart> parts;
  Hooks hooks(model);
  hooks.read("layers.0", HookPoint::input, [&](const std::string&, const Tensor& x) {
    parts.push_back({"embedding", x.value()});
  });
  hooks.read("layers.*.attention", HookPoint::contributions, [&](const std::string& path, const Tensor& value) {
    for (ResidualPart& part :
         attention_parts(path, value.value(), parameter_named(model, path + ".output.bias").value())) {
      parts.push_back(std::move(part));
    }
  });
  const Array logits = logits_of(model, some_ids(), {.hooks = &hooks});
  CHECK(parts.size() == 1 + 2 * 3);
  const LogitAttribution result =
      attribute_logits(parts, {},
                       {parameter_named(model, "head.weight").value(), parameter_named(model, "head.bias").value()},
                       some_targets());
  for (std::size_t b = 0; b < 3; ++b) {
    for (std::size_t t = 0; t < 5; ++t) {
      const auto target = static_cast<std::size_t>(some_targets().data()[b * 5 + t]);
      double total = 0;
      for (std::size_t p = 0; p < result.parts.size(); ++p) total += at(result.contributions, {b, t, p});
      CHECK(std::abs(total - at(logits, {b, t, target})) <= 10 * kRounding);
    }
  }
}
