// Masks by themselves: what rows and explanations say, and what looks like a mistake.
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/mask.h"
#include "core/shape.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::by_index;
using headlight::testing::drawn;

namespace {

bool shown(const MaskRows& rows, std::size_t b, std::size_t h, std::size_t q, std::size_t k) {
  const kernels::VisibleKeys keys = rows.row(b, h, q);
  return k >= keys.begin && k < keys.end && (keys.visible == nullptr || keys.visible[k] != 0) &&
         (keys.bias == nullptr || keys.bias[k] != -std::numeric_limits<Real>::infinity());
}

}  // namespace

TEST_CASE("a window looks back, or to both sides, from the key opposite the query") {
  for (const std::size_t queries : {1U, 3U, 6U}) {
    for (const std::size_t keys : {2U, 6U}) {
      for (const std::size_t n : {1U, 2U, 5U, 20U}) {
        CAPTURE(queries, keys, n);
        const Shape shape{1, 1, queries, keys};
        const MaskRows back(Mask::window(n), shape), both(Mask::window(n, Side::both), shape);
        for (std::size_t q = 0; q < queries; ++q) {
          for (std::size_t k = 0; k < keys; ++k) {
            const auto behind = static_cast<int>(q + keys) - static_cast<int>(k + queries);
            const auto width = static_cast<int>(n);
            CHECK(shown(back, 0, 0, q, k) == (behind < width));
            CHECK(shown(both, 0, 0, q, k) == (behind < width && -behind < width));
          }
        }
      }
    }
  }
}

TEST_CASE("a window on both sides says on which side a key lies too far away") {
  const Mask mask = Mask::window(2, Side::both);
  const Shape shape{1, 1, 5, 5};
  CHECK(mask.explain(shape, 0, 0, 2, 1).empty());
  CHECK(mask.explain(shape, 0, 0, 2, 3).empty());
  CHECK(mask.explain(shape, 0, 0, 2, 0) == "hidden by window: key 0 lies more than 1 back from query 2");
  CHECK(mask.explain(shape, 0, 0, 2, 4) == "hidden by window: key 4 lies more than 1 ahead of query 2");
  const Mask narrower = mask & Mask::window(1, Side::both) & Mask::window(4);
  CHECK(narrower.explain(shape, 0, 0, 2, 3) == "hidden by window: key 3 lies more than 0 ahead of query 2");
}

TEST_CASE("rows and explanations agree for random compositions, per batch member and per head") {
  std::mt19937_64 engine(5);
  const auto below = [&engine](std::size_t n) { return static_cast<std::size_t>(engine() % n); };
  for (int trial = 0; trial < 300; ++trial) {
    CAPTURE(trial);
    const Shape shape{1 + below(2), 1 + below(3), 1 + below(5), 1 + below(5)};
    Mask mask;
    if (below(2) == 0) mask = mask & Mask::causal(below(2) == 0 ? Align::ends : Align::starts);
    if (below(2) == 0) mask = mask & Mask::window(1 + below(4), below(2) == 0 ? Side::back : Side::both);
    if (below(3) == 0) {
      std::vector<std::size_t> lengths(shape[0]);
      for (std::size_t& length : lengths) length = below(shape[3] + 1);
      mask = mask & Mask::padding(lengths);
    }
    Shape plane{1, 1, 1, 1};
    for (std::size_t axis = 0; axis < 4; ++axis) plane[axis] = below(2) == 0 ? 1 : shape[axis];
    Booleans truth(plane);
    for (std::uint8_t& byte : truth) byte = below(3) == 0 ? 1 : 0;
    if (below(2) == 0) mask = mask & (below(2) == 0 ? Mask::allow(truth) : Mask::forbid(truth));
    if (below(2) == 0) {
      mask = mask & Mask::bias(by_index({shape[1], 1, shape[3]}, [&](const std::vector<std::size_t>&) {
               return below(4) == 0 ? -std::numeric_limits<double>::infinity() : 0.5;
             }));
    }
    const MaskRows rows(mask, shape);
    for (std::size_t b = 0; b < shape[0]; ++b) {
      for (std::size_t h = 0; h < shape[1]; ++h) {
        for (std::size_t q = 0; q < shape[2]; ++q) {
          for (std::size_t k = 0; k < shape[3]; ++k) {
            CAPTURE(b, h, q, k);
            CHECK(shown(rows, b, h, q, k) == mask.explain(shape, b, h, q, k).empty());
          }
        }
      }
    }
  }
}

TEST_CASE("a bias that holds only 0 and 1 is reported, other biases are not") {
  const Mask suspicious =
      Mask::causal() & Mask::bias(by_index({2, 3}, [](const auto& i) { return i[0] == i[1] ? 1.0 : 0.0; }));
  CHECK(suspicious.warnings() ==
        std::vector<std::string>{"mask bias: the array holds only 0 and 1, which are added to the scores and hide "
                                 "nothing; (2, 3); for truth values use allow (1 = attend) or forbid (1 = hide)"});
  CHECK(Mask::causal().warnings().empty());
  CHECK(Mask::bias(zeros({2, 3})).warnings().empty());  // adds nothing: harmless
  CHECK(Mask::bias(drawn({2, 3}, -1, 1, 1)).warnings().empty());
  CHECK(Mask::allow(Booleans(Shape{2, 3})).warnings().empty());
}
