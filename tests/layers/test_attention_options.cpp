// Random combinations of attention options, masks and shapes: gradients, agreement with the definition, dependence as
// the mask promises, sums of weights. HEADLIGHT_COMBINATIONS sets their number.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/gradcheck.h"
#include "autograd/scopes.h"
#include "tests/common/arrays.h"
#include "tests/layers/random_attention.h"
#include "tests/layers/reference_attention.h"

using namespace headlight;
using namespace headlight::layer_test;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

constexpr bool kDouble = sizeof(Real) == 8;
constexpr std::uint64_t kUsual = 2000;

AttentionOutput attend(MultiHeadAttention& layer, const RandomAttention& r, const std::vector<Tensor>& x) {
  return layer.attend(x[0], r.self ? x[0] : x[1], r.self ? x[0] : x[2], r.mask, {});
}

std::vector<Tensor> tensors(const std::vector<Array>& arrays, bool requires_grad = false) {
  std::vector<Tensor> made;
  for (const Array& array : arrays) made.emplace_back(array, requires_grad);
  return made;
}

std::vector<Tensor> parameters_of(const Module& module) {
  std::vector<Tensor> made;
  for (const NamedParameter& parameter : module.parameters()) made.push_back(parameter.tensor);
  return made;
}

/// The gradients of everything for a fixed cotangent of output and weights; zeros where none arrived.
std::vector<Array> gradients(const Tensor& output, const Tensor& weights, const std::vector<Tensor>& leaves) {
  for (const Tensor& leaf : leaves) leaf.zero_grad();
  output.backward(drawn(output.shape(), -1, 1, 1));
  weights.backward(drawn(weights.shape(), -1, 1, 2));
  std::vector<Array> all;
  for (const Tensor& leaf : leaves) all.push_back(leaf.has_grad() ? leaf.grad() : zeros(leaf.shape()));
  return all;
}

/// Whether query q of member b may depend on position j of the keys' and values' input.
bool promised(const RandomAttention& r, const MultiHeadAttentionOptions& o, const Shape& logits, std::size_t b,
              std::size_t q, std::size_t j) {
  const auto lengths = r.mask.lengths();
  const std::size_t reach = o.value == ValueKind::conv1d ? o.value_kernel - 1 : 0;
  const std::size_t before = r.mask.is_causal() ? reach : reach / 2;
  for (std::size_t h = 0; h < logits[1]; ++h) {
    for (std::size_t k = 0; k < logits[3]; ++k) {
      if (!is_visible(o, r.mask, logits, b, h, q, k)) continue;
      if (k == j) return true;
      const bool under_kernel = j + before >= k && j <= k + reach - before;
      if (under_kernel && (!lengths || j < (*lengths)[b])) return true;
    }
  }
  return false;
}

bool row_differs(const Array& a, const Array& b, std::size_t row) {
  const std::size_t width = a.shape()[2];
  return std::memcmp(a.data() + row * width, b.data() + row * width, width * sizeof(Real)) != 0;
}

}  // namespace

TEST_CASE("random attention options agree with the definition in values and gradients") {
  // Some hundred roundings of numbers below 100 stand between the two: 1e-5 and 1e-11 of the largest of them.
  const double tolerance = kDouble ? 1e-11 : 1e-5;
  // Gradients of short vectors that are normalised are a hundred times as large, and cancel.
  const double gradient_tolerance = 100 * tolerance;
  for (std::uint64_t n = 0; n < combinations(kUsual); ++n) {
    const RandomAttention r = random_attention(n);
    INFO(r.what);
    const auto layer = build(r);
    const std::vector<Tensor> x = tensors(r.inputs(), true);
    std::vector<Tensor> leaves = parameters_of(*layer);
    leaves.insert(leaves.end(), x.begin(), x.end());
    const AttentionOutput ours = attend(*layer, r, x);
    const std::vector<Array> our_gradients = gradients(ours.output, ours.weights, leaves);
    const ReferenceResult theirs =
        reference_attention(*layer, x[0], r.self ? x[0] : x[1], r.self ? x[0] : x[2], r.mask, r.bias);
    const std::vector<Array> their_gradients = gradients(theirs.output, theirs.weights, leaves);
    CHECK(difference(ours.output.value(), theirs.output.value(), tolerance, tolerance) == "");
    CHECK(difference(ours.weights.value(), theirs.weights.value(), tolerance, tolerance) == "");
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      INFO((leaves[i].label().empty() ? "input" : leaves[i].label()));
      CHECK(difference(our_gradients[i], their_gradients[i], gradient_tolerance, gradient_tolerance) == "");
    }
    REQUIRE(ours.sink.defined() == theirs.sink.defined());
    if (ours.sink.defined()) {
      const Array sink = reshaped(theirs.sink.value(), ours.sink.shape());
      CHECK(difference(ours.sink.value(), sink, tolerance, tolerance) == "");
    }
  }
}

TEST_CASE("random attention options pass a gradient check") {
  if (!kDouble) return;  // differences in float say nothing about small gradients
  double worst = 0;
  for (std::uint64_t n = 0; n < combinations(kUsual); ++n) {
    const RandomAttention r = random_attention(n);
    INFO(r.what);
    const auto layer = build(r);
    const GradcheckOptions options{.projection = true, .directions = 1, .seed = n};
    const GradcheckResult result = gradcheck([&](const std::vector<Tensor>& x) { return attend(*layer, r, x).output; },
                                             r.inputs(), parameters_of(*layer), options);
    INFO(to_string(result));
    CHECK(result.passed);
    worst = std::max(worst, result.worst_error);
  }
  SUCCEED("worst error " << worst);
}

TEST_CASE("random attention options depend on exactly the positions that the mask promises") {
  for (std::uint64_t n = 0; n < combinations(kUsual); ++n) {
    const RandomAttention r = random_attention(n);
    INFO(r.what);
    const auto layer = build(r);
    const NoGrad guard;
    const std::vector<Array> inputs = r.inputs();
    const AttentionOutput plain = attend(*layer, r, tensors(inputs));
    const Shape logits = plain.weights.shape();
    const std::size_t batch = logits[0], queries = logits[2], keys = logits[3];
    for (std::size_t b = 0; b < batch; ++b) {
      for (std::size_t j = 0; j < keys; ++j) {
        CAPTURE(b, j);
        std::vector<Array> moved = inputs;
        for (std::size_t i = r.self ? 0 : 1; i < moved.size(); ++i) {
          const std::size_t width = moved[i].shape()[2];
          for (std::size_t c = 0; c < width; ++c) moved[i].data()[(b * keys + j) * width + c] += Real{0.75};
        }
        const Array output = attend(*layer, r, tensors(moved)).output.value();
        for (std::size_t member = 0; member < batch; ++member) {
          for (std::size_t q = 0; q < queries; ++q) {
            CAPTURE(member, q);
            if (r.self && member == b && q == j) continue;  // its own query moved
            const bool may = member == b && promised(r, layer->options(), logits, b, q, j);
            const bool does = row_differs(output, plain.output.value(), member * queries + q);
            // A key that is not among the k largest has no influence although it is visible.
            if (r.options.weights == AttentionKind::top_k ? does && !may : does != may) {
              FAIL_CHECK((does ? "depends" : "does not depend"));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("the rows of softmax and top-k weights sum to 1 with the sink counted, or to 0 where all is hidden") {
  std::size_t empty = 0;
  for (std::uint64_t n = 0; n < combinations(kUsual); ++n) {
    const RandomAttention r = random_attention(n);
    if (r.options.weights == AttentionKind::sigmoid || r.options.talking_heads) continue;
    INFO(r.what);
    const auto layer = build(r);
    const AttentionOutput result = attend(*layer, r, tensors(r.inputs()));
    const Shape& shape = result.weights.shape();
    const std::size_t keys = shape[3];
    std::size_t hidden_rows = 0;
    for (std::size_t row = 0; row < result.weights.size() / keys; ++row) {
      double total = 0;
      bool any = false;
      for (std::size_t k = 0; k < keys; ++k) {
        const double weight = static_cast<double>(result.weights.value().data()[row * keys + k]);
        const auto i = testing::index_of(row * keys + k, shape);
        const bool visible = is_visible(layer->options(), r.mask, shape, i[0], i[1], i[2], i[3]);
        if (!visible) CHECK(weight == 0);
        any = any || visible;
        total += weight;
      }
      hidden_rows += any ? 0 : 1;
      if (result.sink.defined()) total += static_cast<double>(result.sink.value().data()[row]);
      const bool something = any || result.sink.defined();
      CHECK(std::abs(total - (something ? 1 : 0)) <= 16 * static_cast<double>(std::numeric_limits<Real>::epsilon()));
    }
    CHECK(result.hidden_rows == hidden_rows);
    empty += hidden_rows;
  }
  CHECK(empty > 0);
}

TEST_CASE("the contributions of the heads plus the bias are the output") {
  for (std::uint64_t n = 0; n < combinations(kUsual); ++n) {
    const RandomAttention r = random_attention(n);
    INFO(r.what);
    const auto layer = build(r);
    const AttentionOutput result = attend(*layer, r, tensors(r.inputs()));
    const Array parts = layer->contributions(result.heads).value();
    const Array& output = result.output.value();
    const std::size_t queries = output.shape()[1], width = output.shape()[2], heads = layer->heads();
    Array total = zeros(output.shape());
    if (layer->options().bias) {
      for (const NamedParameter& parameter : layer->parameters()) {
        if (parameter.name != "output.bias") continue;
        for (std::size_t i = 0; i < total.size(); ++i) total.data()[i] = parameter.tensor.value().data()[i % width];
      }
    }
    for (std::size_t b = 0; b < output.shape()[0]; ++b) {
      for (std::size_t h = 0; h < heads; ++h) {
        for (std::size_t i = 0; i < queries * width; ++i) {
          total.data()[b * queries * width + i] += parts.data()[(b * heads + h) * queries * width + i];
        }
      }
    }
    // At most 4 heads of size 3: 16 roundings of numbers below 16.
    const double tolerance = 256 * static_cast<double>(std::numeric_limits<Real>::epsilon());
    CHECK(difference(total, output, 0, tolerance) == "");
  }
}
