// Longer than 300 lines because it is a table: a row for each misuse, with its whole message.
// Misuse of the plain operations: each case gives its whole message, before xtensor sees anything.
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/conv1d.h"
#include "autograd/ops/gather.h"
#include "autograd/ops/layout.h"
#include "autograd/ops/normalize.h"
#include "autograd/ops/pieces.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/select.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "core/error.h"
#include "tests/autograd/op_cases.h"

using namespace headlight;
using namespace headlight::op_test;

namespace {

struct Misuse {
  std::string what;
  std::function<void()> call;
  std::string message;
};

Tensor of(const Shape& shape) { return Tensor(zeros(shape)); }

const std::string kBroadcast = "extents must be equal or 1, counted from the last axis";
const std::string kUnderflow = "check the sizes for an underflow such as 3 - 4";
constexpr std::size_t kHuge = std::size_t{1} << 33;
constexpr std::size_t kHalf = std::size_t{1} << 63;

const std::vector<Misuse>& misuses() {
  static const std::vector<Misuse> all = {
      // Shapes that do not broadcast.
      {"add",
       [] {
         add(of({2, 3}), of({2, 4}));
       },
       "add: the shapes do not broadcast; (2, 3) and (2, 4); " + kBroadcast},
      {"sub", [] { of({2}) - of({3}); }, "sub: the shapes do not broadcast; (2) and (3); " + kBroadcast},
      {"mul",
       [] {
         of({2, 1, 3}) * of({4, 2});
       },
       "mul: the shapes do not broadcast; (2, 1, 3) and (4, 2); " + kBroadcast},
      {"div", [] { of({0}) / of({2}); }, "div: the shapes do not broadcast; (0) and (2); " + kBroadcast},
      {"pow",
       [] {
         pow(of({5}), of({2, 4}));
       },
       "pow: the shapes do not broadcast; (5) and (2, 4); " + kBroadcast},
      {"maximum", [] { maximum(of({5}), of({4})); },
       "maximum: the shapes do not broadcast; (5) and (4); " + kBroadcast},
      {"minimum", [] { minimum(of({5}), of({4})); },
       "minimum: the shapes do not broadcast; (5) and (4); " + kBroadcast},
      {"where, values", [] { where(Condition(tokens({1}, {1})), of({5}), of({4})); },
       "where: the shapes do not broadcast; (5) and (4); " + kBroadcast},
      {"where, condition",
       [] {
         where(Condition(tokens({2}, {1, 0})), of({3}), Real{1});
       },
       "where: the shapes do not broadcast; (2) and (3); " + kBroadcast},
      {"an outer sum that is too large",
       [] {
         add(of({1, kHuge, 0}), of({kHuge, 1, 0}));
       },
       "add: the number of elements is too large; shape (8589934592, 8589934592, 0); " + kUnderflow},
      {"broadcast_to",
       [] {
         broadcast_to(of({2, 3}), {3, 3});
       },
       "broadcast_to: the array does not broadcast to this shape; (2, 3) to (3, 3); " + kBroadcast},
      {"broadcast_to fewer axes",
       [] {
         broadcast_to(of({1, 3}), {3});
       },
       "broadcast_to: the array does not broadcast to this shape; (1, 3) to (3); " + kBroadcast},
      {"broadcast_to too many elements",
       [] {
         broadcast_to(of({1}), {kHuge, kHuge});
       },
       "broadcast_to: the number of elements is too large; shape (8589934592, 8589934592); " + kUnderflow},

      // Values of options.
      {"clamp", [] { clamp(of({2}), 2, 1); },
       "clamp: the bounds are not in order; low 2, high 1; give low <= high; an infinite bound bounds nothing"},
      {"clamp by NaN", [] { clamp(of({2}), std::numeric_limits<Real>::quiet_NaN(), 1); },
       "clamp: the bounds are not in order; low nan, high 1; give low <= high; an infinite bound bounds nothing"},

      // Empty handles.
      {"an empty tensor", [] { exp(Tensor()); }, "value: the tensor is empty; give it a value first"},

      // Reductions.
      {"sum, axis",
       [] {
         sum(of({2, 3}), {.axes = {2}});
       },
       "sum: axis 2 is out of range; an array of rank 2; axes run from -2 to 1"},
      {"mean of a scalar along an axis", [] { mean(of({}), {.axes = {0}}); },
       "mean: axis 0 is out of range; an array of rank 0; a scalar has no axes"},
      {"sum, axis twice",
       [] {
         sum(of({2, 3}), {.axes = {1, -1}});
       },
       "sum: axis 1 is named twice; axes (1, -1) of shape (2, 3); name each axis once"},
      {"mean of nothing",
       [] {
         mean(of({0, 3}));
       },
       "mean: there is nothing to reduce; shape (0, 3); the reduced axes must not be empty"},
      {"max of nothing",
       [] {
         max(of({2, 0}), {.axes = {1}});
       },
       "max: there is nothing to reduce; shape (2, 0); the reduced axes must not be empty"},
      {"max, axis",
       [] {
         max(of({2, 3}), {.axes = {-3}});
       },
       "max: axis -3 is out of range; an array of rank 2; axes run from -2 to 1"},
      {"var of nothing", [] { var(of({0})); },
       "var: there are too few elements to reduce; shape (0), 0 behind each result; a variance needs at least 1"},
      {"unbiased var of one",
       [] {
         var(of({3, 1}), {.axes = {1}, .unbiased = true});
       },
       "var: there are too few elements to reduce; shape (3, 1), 1 behind each result; an unbiased variance needs at "
       "least 2"},
      {"logsumexp, axis", [] { logsumexp(of({2}), {.axes = {1}}); },
       "logsumexp: axis 1 is out of range; an array of rank 1; axes run from -1 to 0"},
      {"softmax of a scalar", [] { softmax(of({})); },
       "softmax: axis -1 is out of range; an array of rank 0; a scalar has no axes"},
      {"log_softmax, axis",
       [] {
         log_softmax(of({2, 3}), 2);
       },
       "log_softmax: axis 2 is out of range; an array of rank 2; axes run from -2 to 1"},

      // Layout.
      {"reshape to another size",
       [] {
         reshape(of({2, 3}), {4, 2});
       },
       "reshape: the number of elements differs; (2, 3) to (4, 2); 6 elements cannot become 8"},
      {"reshape that does not divide",
       [] {
         reshape(of({2, 3}), {4, -1});
       },
       "reshape: no extent for -1 fits; (2, 3) to (4, -1); 6 elements are not a multiple of 4"},
      {"reshape with two open extents",
       [] {
         reshape(of({2, 3}), {-1, -1});
       },
       "reshape: more than one extent is -1; (2, 3) to (-1, -1); only one can be inferred"},
      {"reshape to a negative extent",
       [] {
         reshape(of({2, 3}), {-2, 3});
       },
       "reshape: an extent is negative; (2, 3) to (-2, 3); give sizes, or -1 for what remains"},
      {"reshape of nothing to anything",
       [] {
         reshape(of({0, 3}), {0, -1});
       },
       "reshape: the extent for -1 cannot be inferred; (0, 3) to (0, -1); with an extent of 0 every size would do: "
       "give "
       "it"},
      {"reshape whose product wraps to 0",
       [] {
         reshape(of({0}), {kHuge, kHuge});
       },
       "reshape: the number of elements is too large; shape (8589934592, 8589934592); " + kUnderflow},
      {"reshape to an extent below 0 without a sign",
       [] {
         reshape(of({2}), {std::size_t{3} - std::size_t{4}, 1});
       },
       "reshape: the number of elements is too large; shape (18446744073709551615, 1); " + kUnderflow},
      {"transpose, too few axes",
       [] {
         transpose(of({2, 3, 4}), {1, 0});
       },
       "transpose: the number of axes differs from the rank; axes (1, 0) for shape (2, 3, 4); name every axis once"},
      {"transpose, axis twice",
       [] {
         transpose(of({2, 3}), {1, -1});
       },
       "transpose: axis 1 is named twice; axes (1, -1) for shape (2, 3); name every axis once"},
      {"transpose, axis",
       [] {
         transpose(of({2, 3}), {0, 2});
       },
       "transpose: axis 2 is out of range; an array of rank 2; axes run from -2 to 1"},
      {"transpose of a scalar", [] { transpose(of({}), 0, 1); },
       "transpose: axis 0 is out of range; an array of rank 0; a scalar has no axes"},
      {"transpose of 17 axes", [] { transpose(of(Shape(std::size_t{17}, std::size_t{2}))); },
       "transpose: too many axes; shape (2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2); reshape to 16 axes or "
       "fewer first"},

      // Pieces.
      {"slice, axis",
       [] {
         slice(of({2, 3}), {.axis = 2});
       },
       "slice: axis 2 is out of range; an array of rank 2; axes run from -2 to 1"},
      {"slice, begin",
       [] {
         slice(of({2, 3}), {.axis = 1, .begin = 4});
       },
       "slice: begin is out of range; 4 to the end by 1 on axis 1 of (2, 3); positions run from 0 to 3, or from -3 "
       "counted from the end"},
      {"slice, end",
       [] {
         slice(of({2, 3}), {.axis = 1, .begin = 0, .end = 4});
       },
       "slice: end is out of range; 0 to 4 by 1 on axis 1 of (2, 3); positions run from 0 to 3, or from -3 counted "
       "from "
       "the end"},
      {"slice backwards", [] { slice(of({5}), {.begin = 3, .end = 1}); },
       "slice: end lies before begin; 3 to 1 by 1 on axis 0 of (5); exchange them; a reversed slice does not exist"},
      {"slice, step", [] { slice(of({5}), {.step = 0}); },
       "slice: the step is not positive; 0 to the end by 0 on axis 0 of (5); give 1 or more"},
      {"split, sizes",
       [] {
         split(of({2, 5}), {2, 2});
       },
       "split: the sizes do not add up to the extent; sizes (2, 2) on axis 1 of (2, 5); give sizes whose sum is 5"},
      {"split, sizes whose sum wraps",
       [] {
         split(of({5}), {std::size_t{0} - std::size_t{1}, 6});
       },
       "split: the sizes do not add up to the extent; sizes (18446744073709551615, 6) on axis 0 of (5); give sizes "
       "whose "
       "sum is 5"},
      {"split, no size", [] { split(of({5}), {}); },
       "split: no size is given; sizes () on axis 0 of (5); give sizes whose sum is 5"},
      {"split of a scalar", [] { split(of({}), {1}); },
       "split: axis -1 is out of range; an array of rank 0; a scalar has no axes"},
      {"concat of nothing", [] { concat({}); }, "concat: there are no parts; give at least one"},
      {"concat, extents",
       [] {
         concat({of({2, 3}), of({2, 4})}, 0);
       },
       "concat: part 1 does not fit to part 0; (2, 4) and (2, 3) along axis 0; all axes but this one must be equal"},
      {"concat, ranks",
       [] {
         concat({of({2, 3}), of({2})}, 0);
       },
       "concat: part 1 does not fit to part 0; (2) and (2, 3) along axis 0; all axes but this one must be equal"},
      {"concat, axis",
       [] {
         concat({of({2, 3}), of({2, 3})}, 2);
       },
       "concat: axis 2 is out of range; an array of rank 2; axes run from -2 to 1"},
      {"pad, entries",
       [] {
         pad(of({2, 3}), {{1, 1}});
       },
       "pad: the number of entries differs from the rank; 1 entries for shape (2, 3); give one entry {before, after} "
       "per "
       "axis"},
      {"pad by an underflow",
       [] {
         pad(of({2}), {{std::size_t{0} - std::size_t{1}, 0}});
       },
       "pad: the padding is too large; 18446744073709551615 before and 0 after axis 0 of (2); " + kUnderflow},
      {"pad too much",
       [] {
         pad(of({1, 1}), {{kHuge - 1, 0}, {kHuge - 1, 0}});
       },
       "pad: the number of elements is too large; shape (8589934592, 8589934592); " + kUnderflow},

      // Convolution: lengths that wrap around.
      {"conv1d, padding below 0 without a sign",
       [] {
         conv1d(of({1, 4, 1}), of({1, 1, 3}), Tensor(), {.pad_left = std::size_t{3} - std::size_t{4}});
       },
       "conv1d: the padding is too large; pad_left 18446744073709551615, pad_right 0; x (1, 4, 1), weight (1, 1, 3); " +
           kUnderflow},
      {"conv1d, padding on both sides",
       [] {
         conv1d(of({1, 4, 1}), of({1, 1, 3}), Tensor(), {.pad_left = kHalf, .pad_right = kHalf});
       },
       "conv1d: the padding is too large; pad_left 9223372036854775808, pad_right 9223372036854775808; x (1, 4, 1), "
       "weight (1, 1, 3); " +
           kUnderflow},
      {"conv1d, a reach that wraps to 1",
       [] {
         conv1d(of({1, 4, 1}), of({1, 1, 3}), Tensor(), {.dilation = kHalf});
       },
       "conv1d: the dilation is too large; dilation 9223372036854775808; x (1, 4, 1), weight (1, 1, 3); " + kUnderflow},

      // Normalisation: with an infinite eps every result would be 0.
      {"normalize, eps infinite",
       [] {
         normalize(of({2, 3}), std::numeric_limits<Real>::infinity());
       },
       "normalize: eps must be finite and not negative; eps = inf"},
      {"rms_norm, eps negative",
       [] {
         rms_norm(of({2, 3}), Tensor(), -1);
       },
       "rms_norm: eps must be finite and not negative; eps = -1.000000"},
      {"layer_norm, eps no number",
       [] {
         layer_norm(of({2, 3}), Tensor(), Tensor(), std::numeric_limits<Real>::quiet_NaN());
       },
       "layer_norm: eps must be finite and not negative; eps = nan"},

      // Picking.
      {"embedding, table", [] { embedding(of({3}), tokens({1}, {0})); },
       "embedding: the table is not a matrix; shape (3); give one row per id: (V, C)"},
      {"embedding, id too large",
       [] {
         embedding(of({30, 4}), tokens({2, 3}, {0, 1, 2, 3, 31, 5}));
       },
       "embedding: id 31 at (1, 1) of (2, 3) is out of range; V is 30; it must lie in 0 to 29"},
      {"embedding, id negative",
       [] {
         embedding(of({30, 4}), tokens({2}, {4, -1}));
       },
       "embedding: id -1 at (1) of (2) is out of range; V is 30; it must lie in 0 to 29"},
      {"embedding, empty table",
       [] {
         embedding(of({0, 4}), tokens({}, {0}));
       },
       "embedding: id 0 at () of () is out of range; V is 0; nothing can be picked from it"},
      {"gather, ranks",
       [] {
         gather(of({2, 3}), 1, tokens({2}, {0, 1}));
       },
       "gather: the shapes of x and index do not fit; x (2, 3), index (2), axis 1; all axes but this one must be "
       "equal"},
      {"gather, extents",
       [] {
         gather(of({2, 3}), 1, tokens({1, 2}, {0, 1}));
       },
       "gather: the shapes of x and index do not fit; x (2, 3), index (1, 2), axis 1; all axes but this one must be "
       "equal"},
      {"gather, index",
       [] {
         gather(of({2, 3}), -1, tokens({2, 1}, {0, 3}));
       },
       "gather: index 3 at (1, 0) of (2, 1) is out of range; the extent of axis 1 is 3; it must lie in 0 to 2"},
      {"gather, axis",
       [] {
         gather(of({2, 3}), 5, tokens({2, 1}, {0, 3}));
       },
       "gather: axis 5 is out of range; an array of rank 2; axes run from -2 to 1"},
  };
  return all;
}

}  // namespace

TEST_CASE("misuse of an operation says what is wrong, with what, and what to do") {
  CHECK(misuses().size() >= 30);
  for (const Misuse& misuse : misuses()) {
    INFO(misuse.what);
    CHECK_THROWS_AS(misuse.call(), Error);
    CHECK_THROWS_WITH(misuse.call(), misuse.message);
  }
}

TEST_CASE("shapes are refused as ShapeError, options as ConfigError, empty handles as StateError") {
  CHECK_THROWS_AS(add(of({2}), of({3})), ShapeError);
  CHECK_THROWS_AS(clamp(of({2}), 2, 1), ConfigError);
  CHECK_THROWS_AS(exp(Tensor()), StateError);
}
