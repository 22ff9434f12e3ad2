// Batch statistics: what counts, what is remembered, and where they are refused. Parity with PyTorch: tests/parity.
#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/batch_norm.h"
#include "layers/norm.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::at;
using headlight::testing::difference;
using headlight::testing::drawn;

namespace {

// Sums of some ten numbers below 3.
constexpr double kBatchNormTolerance = sizeof(Real) == 8 ? 1e-13 : 1e-5;

Tensor buffer_of(const Module& module, const std::string& name) {
  for (const NamedBuffer& buffer : module.buffers()) {
    if (buffer.name == name) return buffer.tensor;
  }
  return {};
}

/// Members 0 and 1 of x (B, T, C), as far as their lengths go, as rows (N, C).
Array real_rows(const Array& x, const std::vector<std::size_t>& lengths) {
  const std::size_t time = x.shape()[1], width = x.shape()[2];
  std::size_t rows = 0;
  for (const std::size_t length : lengths) rows += length;
  Array packed = zeros({rows, width});
  Real* to = packed.data();
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    to = std::copy_n(x.data() + b * time * width, lengths[b] * width, to);
  }
  return packed;
}

}  // namespace

TEST_CASE("padded positions do not count: statistics and results are those of the real positions packed together") {
  const std::vector<std::size_t> lengths{4, 1, 0, 3};
  Array x = drawn({4, 4, 3}, -2, 3, 1);
  const Array packed = real_rows(x, lengths);
  for (std::size_t b = 0; b < 4; ++b) {  // what stands in the padding must not matter
    for (std::size_t i = lengths[b] * 3; i < 12; ++i) {
      x.data()[b * 12 + i] = std::numeric_limits<Real>::quiet_NaN();
    }
  }
  Init init(1);
  BatchNorm masked({.width = 3}, init), plain({.width = 3}, init);
  const Array y = masked(Tensor(x), {.training = true, .mask = Mask::padding(lengths)}).value();
  const Array expected = plain(Tensor(packed), {.training = true}).value();
  CHECK(difference(real_rows(y, lengths), expected, 0, kBatchNormTolerance) == "");
  for (const std::string name : {"running_mean", "running_var"}) {
    CHECK(difference(buffer_of(masked, name).value(), buffer_of(plain, name).value(), 0, kBatchNormTolerance) == "");
  }
}

TEST_CASE("what stands in padded positions changes no byte of results, gradients and running statistics") {
  const std::vector<std::size_t> lengths{3, 2};
  const auto run = [&](Real filler, bool per_position) {
    Array x = drawn({2, 4, 2}, -1, 1, 2);
    for (std::size_t b = 0; b < 2; ++b) std::fill(&x.data()[b * 8 + lengths[b] * 2], &x.data()[b * 8 + 8], filler);
    Init init(1);
    BatchNorm layer({.width = 2, .per_position = per_position, .max_len = per_position ? 4u : 0u}, init);
    const Tensor input(x, true);
    const Tensor y = layer(input, {.training = true, .mask = Mask::padding(lengths)});
    Array g = drawn({2, 4, 2}, -1, 1, 3);
    for (std::size_t b = 0; b < 2; ++b) std::fill(&g.data()[b * 8 + lengths[b] * 2], &g.data()[b * 8 + 8], Real{0});
    y.backward(g);
    return std::vector<Array>{real_rows(y.value(), lengths), real_rows(input.grad(), lengths),
                              buffer_of(layer, "running_mean").value(), buffer_of(layer, "running_var").value()};
  };
  for (const bool per_position : {false, true}) {
    const std::vector<Array> a = run(0, per_position), b = run(1e4, per_position);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bytes(a[i], b[i]));
  }
}

TEST_CASE("running statistics are blended by the momentum with the unbiased variance, and used in evaluation") {
  // Channel 0: 1, 3, 5, 7: mean 4, unbiased variance 20 / 3. Channel 1 is constant.
  Array x = zeros({2, 2, 2});
  const std::vector<Real> first{1, 3, 5, 7};
  for (std::size_t i = 0; i < 4; ++i) x.data()[2 * i] = first[i], x.data()[2 * i + 1] = 2;
  Init init(1);
  BatchNorm layer({.width = 2, .eps = 0, .momentum = 0.25}, init);
  const Context training{.training = true};
  layer(Tensor(drawn({2, 2, 2}, 1, 2, 1)), {});  // evaluation changes nothing
  CHECK(buffer_of(layer, "running_mean").value() == zeros({2}));
  CHECK(buffer_of(layer, "running_var").value() == full({2}, 1));
  layer(Tensor(x), training);
  CHECK(at(buffer_of(layer, "running_mean").value(), {0}) ==
        Approx(1.0).margin(kBatchNormTolerance));  // 0.75 0 + 0.25 4
  CHECK(at(buffer_of(layer, "running_var").value(), {0}) == Approx(0.75 + 5.0 / 3).epsilon(kBatchNormTolerance));
  CHECK(at(buffer_of(layer, "running_var").value(), {1}) == Approx(0.75).epsilon(kBatchNormTolerance));
  const Array y = layer(Tensor(full({1, 1, 2}, 4)), {}).value();
  CHECK(at(y, {0, 0, 0}) == Approx(3 / std::sqrt(0.75 + 5.0 / 3)).epsilon(kBatchNormTolerance));
  CHECK(at(y, {0, 0, 1}) == Approx(3.5 / std::sqrt(0.75)).epsilon(kBatchNormTolerance));
}

TEST_CASE("statistics that are not finite do not enter the running ones") {
  Array x = drawn({2, 2, 2}, -1, 1, 4);
  x.data()[0] = std::numeric_limits<Real>::infinity();
  Init init(1);
  BatchNorm layer({.width = 2}, init);
  layer(Tensor(x), {.training = true});
  CHECK(at(buffer_of(layer, "running_mean").value(), {0}) == 0);
  CHECK(at(buffer_of(layer, "running_mean").value(), {1}) != 0);
}

TEST_CASE("per position a sequence's own future never matters, and each position has its own running statistics") {
  const auto run = [](Real future) {
    Array x = drawn({3, 4, 2}, -1, 1, 5);
    for (std::size_t b = 0; b < 3; ++b) x.data()[b * 8 + 6] += future;  // the last position of each member
    Init init(1);
    BatchNorm layer({.width = 2, .per_position = true, .max_len = 5}, init);
    const Array y = layer(Tensor(x), {.training = true, .mask = Mask::causal()}).value();
    CHECK(buffer_of(layer, "running_mean").shape() == Shape{5, 2});
    for (std::size_t c = 0; c < 2; ++c) {
      CHECK(at(buffer_of(layer, "running_mean").value(), {4, c}) == 0);  // no member reaches position 4
      CHECK(at(buffer_of(layer, "running_var").value(), {4, c}) == 1);
      double mean = 0;
      for (std::size_t b = 0; b < 3; ++b) mean += at(x, {b, 1, c}) / 3;
      CHECK(at(buffer_of(layer, "running_mean").value(), {1, c}) == Approx(0.1 * mean).margin(kBatchNormTolerance));
    }
    // In evaluation position 1 is the same whether it comes alone or after position 0.
    const Array whole = layer(Tensor(x), {}).value();
    const Array alone = layer(Tensor(full({1, 1, 2}, x.data()[2])), {.offset = 1}).value();
    CHECK(alone.data()[0] == whole.data()[2]);
    return y;
  };
  const Array a = run(0), b = run(1);
  for (std::size_t member = 0; member < 3; ++member) {
    CHECK(std::equal(a.data() + member * 8, a.data() + member * 8 + 6, b.data() + member * 8));
  }
}

TEST_CASE("a position that only one member reaches is normalised to 0 and leaves its running statistics alone") {
  Init init(1);
  BatchNorm layer({.width = 1, .per_position = true, .max_len = 2}, init);
  const Array y = layer(Tensor(drawn({2, 2, 1}, 1, 2, 6)), {.training = true, .mask = Mask::padding({2, 1})}).value();
  CHECK(at(y, {0, 1, 0}) == 0);
  CHECK(at(buffer_of(layer, "running_mean").value(), {0, 0}) != 0);
  CHECK(at(buffer_of(layer, "running_mean").value(), {1, 0}) == 0);
  CHECK(at(buffer_of(layer, "running_var").value(), {1, 0}) == 1);
}

TEST_CASE("batch statistics are refused where they would mislead") {
  Init init(1);
  const Context causal{.mask = Mask::causal()};
  BatchNorm layer({.width = 2}, init);
  CHECK_THROWS_WITH(layer(Tensor(zeros({2, 3, 2})), causal),
                    "batch_norm: statistics over time show each position the later ones; the mask of `` is causal; use "
                    "norm_type layer or rms, or batch with per_position");
  CHECK_THROWS_AS(layer(Tensor(zeros({2, 3, 2})), causal), StateError);
  CHECK_NOTHROW(layer(Tensor(zeros({2, 2})), causal));  // no time to look along
  CHECK_THROWS_WITH(layer(Tensor(zeros({1, 1, 2})), {.training = true}),
                    "batch_norm: training needs at least two numbers per channel; x (1, 1, 2), 1 of its positions "
                    "count; use a larger batch, or drop_last");
  CHECK_THROWS_WITH(layer(Tensor(zeros({2, 3, 2})), {.training = true, .mask = Mask::padding({3})}),
                    "batch_norm: the mask's lengths are those of another batch; 1 lengths, x (2, 3, 2); give "
                    "Mask::padding one length per batch member");
  CHECK_THROWS_WITH(layer(Tensor(zeros({2, 3})), {}), "batch_norm: the last axis of x must have 2 elements; x (2, 3)");
  CHECK_THROWS_WITH(layer(Tensor(zeros({2})), {}), "batch_norm: x must be (B, T, C) or (B, C); (2)");
  CHECK_THROWS_WITH(BatchNorm({.width = 2, .momentum = 0}, init),
                    "batch_norm: the momentum is outside (0, 1]; momentum 0; it is the weight of the newest "
                    "statistics: 1 minus the momentum of Keras");
  CHECK_THROWS_WITH(BatchNorm({.width = 2, .per_position = true}, init),
                    "batch_norm: per_position and max_len belong together; per_position true, max_len 0; give the "
                    "longest sequence with per_position, and 0 without");
  CHECK_THROWS_WITH(BatchNorm({.width = 0}, init),
                    "batch_norm: the width must be at least 1 and eps not negative; width 0, eps 1e-05");
  BatchNorm per_position({.width = 2, .per_position = true, .max_len = 3}, init);
  CHECK_THROWS_WITH(per_position(Tensor(zeros({2, 3, 2})), {.offset = 1}),
                    "batch_norm: there are running statistics for 3 positions; x (2, 3, 2) at position 1; raise "
                    "max_len or shorten the input");
  CHECK_THROWS_WITH(per_position(Tensor(zeros({2, 0, 2})), {.training = true}),
                    "batch_norm: training needs at least two numbers per channel; x (2, 0, 2), 0 of its positions "
                    "count; use a larger batch, or drop_last");
  CHECK_THROWS_WITH(per_position(Tensor(zeros({2, 2})), {}), "batch_norm: x must be (B, T, C); (2, 2)");
}

TEST_CASE("make_norm gives each type its own defaults and refuses what a type does not have") {
  Init init(1);
  const auto names = [&](const NormOptions& options) {
    std::string all;
    for (const NamedParameter& parameter : make_norm(options, init)->parameters()) all += parameter.name + " ";
    return all;
  };
  CHECK(names({.type = NormType::layer, .width = 2}) == "gain bias ");
  CHECK(names({.type = NormType::rms, .width = 2}) == "gain ");
  CHECK(names({.type = NormType::rms, .width = 2, .bias = true}) == "gain bias ");
  CHECK(names({.type = NormType::batch, .width = 2}) == "gain bias ");
  CHECK(names({.type = NormType::batch, .width = 2, .gain = false, .bias = false}) == "");
  CHECK_THROWS_WITH(make_norm({.type = NormType::rms, .width = 2, .momentum = 0.1}, init),
                    "norm: `momentum` has no meaning without batch statistics; the type is rms; leave it out");
  CHECK_THROWS_WITH(make_norm({.width = 2, .max_len = 3}, init),
                    "norm: `max_len` has no meaning without batch statistics; the type is layer; leave it out");
  CHECK_THROWS_WITH(norm_type_of("group"), "norm: there is no norm type `group`; use layer, rms or batch");
}
