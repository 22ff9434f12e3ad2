// Expected values: the formula of core/kernels/cross_entropy.h in long double.
#include <catch2/catch.hpp>

#include "core/kernels/cross_entropy.h"
#include "tests/core/kernels/rows.h"

using namespace headlight;
using namespace headlight::rows;

namespace {

using kernels::CrossEntropyOptions;
using kernels::CrossEntropySum;

Exact log_sum_exp(const Real* x, std::size_t n) {
  Exact top = x[0];
  for (std::size_t i = 0; i < n; ++i) top = std::max(top, static_cast<Exact>(x[i]));
  Exact total = 0;
  for (std::size_t i = 0; i < n; ++i) total += std::exp(static_cast<Exact>(x[i]) - top);
  return top + std::log(total);
}

}  // namespace

TEST_CASE("Cross-entropy and its gradient agree with the formula, smoothed, weighted and ignored") {
  const std::size_t rows = 9;
  for (const std::size_t classes : kSizes) {
    if (classes == 0) continue;
    for (const double smoothing : {0.0, 0.1, 1.0}) {
      for (const bool weighted : {false, true}) {
        CAPTURE(classes, smoothing, weighted);
        const Values logits = uniform(rows * classes, -8, 8, classes);
        const Values weights = uniform(rows, 0, 2, classes + 1);
        std::vector<std::int32_t> targets(rows);
        for (std::size_t row = 0; row < rows; ++row) targets[row] = static_cast<std::int32_t>(row * 31 % classes);
        targets[4] = -7;
        const CrossEntropyOptions options{smoothing, -7};
        Placed losses(Values(rows, kNan), 5);
        Placed gradient(Values(logits.size(), kNan), classes % 16);
        const CrossEntropySum total =
            kernels::cross_entropy_rows(logits.data(), targets.data(), weighted ? weights.data() : nullptr,
                                        losses.data(), gradient.data(), rows, classes, options);
        Exact loss_sum = 0;
        Exact weight_sum = 0;
        for (std::size_t row = 0; row < rows; ++row) {
          const Real* x = logits.data() + row * classes;
          const bool ignored = targets[row] == -7;
          const Exact weight = ignored ? 0 : weighted ? static_cast<Exact>(weights[row]) : 1;
          const Exact normalizer = log_sum_exp(x, classes);
          Exact loss = 0;
          for (std::size_t k = 0; k < classes; ++k) {
            const bool hit = !ignored && static_cast<std::size_t>(targets[row]) == k;
            const Exact share = (hit ? 1 - static_cast<Exact>(smoothing) : 0) +
                                static_cast<Exact>(smoothing) / static_cast<Exact>(classes);
            loss += weight * share * (normalizer - static_cast<Exact>(x[k]));
            // p carries the rounding of its argument (|x| < 16: 8 epsilon) and of exp; share and weight one each.
            REQUIRE(error(gradient[row * classes + k],
                          weight * (std::exp(static_cast<Exact>(x[k]) - normalizer) - share)) <= 2 * 16 * kEpsilon);
          }
          // Logits below 8 in size: the argument of exp errs by 16 epsilon / 2, the loss by as much, weights below 2.
          REQUIRE(error(losses[row], loss) <= 2 * 24 * kEpsilon);
          loss_sum += loss;
          weight_sum += weight;
        }
        CHECK(std::fabs(static_cast<Exact>(total.loss) - loss_sum) <= static_cast<Exact>(rows) * 48 * kEpsilon);
        CHECK(std::fabs(static_cast<Exact>(total.weight) - weight_sum) <= 1e-14L);
        CHECK((losses.untouched() && gradient.untouched()));

        Values in_place = logits;
        kernels::cross_entropy_rows(in_place.data(), targets.data(), weighted ? weights.data() : nullptr, nullptr,
                                    in_place.data(), rows, classes, options);
        CHECK(same_bits(in_place, gradient.values()));
        const CrossEntropySum bare =
            kernels::cross_entropy_rows(logits.data(), targets.data(), weighted ? weights.data() : nullptr, nullptr,
                                        nullptr, rows, classes, options);
        CHECK(bare.loss == total.loss);
      }
    }
  }
}

TEST_CASE("Cross-entropy of large logits neither overflows nor loses the difference") {
  // log(exp(0) + exp(-1000)) = 0 in any precision: the losses are 0 and 1000 exactly.
  const Values logits{10000, 9000, 10000, 9000};
  const std::int32_t targets[] = {0, 1};
  Values losses(2);
  Values gradient(4);
  const CrossEntropySum total =
      kernels::cross_entropy_rows(logits.data(), targets, nullptr, losses.data(), gradient.data(), 2, 2);
  CHECK(losses == Values{0, 1000});
  CHECK(total.loss == 1000);
  CHECK(gradient == Values{0, 0, 1, -1});
}

TEST_CASE("A logit of minus infinity has probability zero, and NaN shows in loss and gradient") {
  const Values logits{-kInf, 0, 0, kNan, 0, 0};
  const std::int32_t targets[] = {1, 1};
  Values losses(2);
  Values gradient(6);
  kernels::cross_entropy_rows(logits.data(), targets, nullptr, losses.data(), gradient.data(), 2, 3);
  CHECK(ulps(losses[0], std::log(2.0L)) <= 2);
  CHECK(gradient[0] == 0);
  CHECK(gradient[1] == Real{-0.5});
  CHECK(std::isnan(losses[1]));
  for (std::size_t i = 3; i < 6; ++i) CHECK(std::isnan(gradient[i]));
}

TEST_CASE("The first target that is no class is found") {
  const std::int32_t targets[] = {0, 4, -100, 5, -1};
  CHECK(kernels::find_invalid_target(targets, 3, 5, -100) == 3);
  CHECK(kernels::find_invalid_target(targets, 5, 5, -100) == 3);
  CHECK(kernels::find_invalid_target(targets, 5, 6, -100) == 4);
  CHECK(kernels::find_invalid_target(targets, 5, 6, -1) == 2);
  CHECK(kernels::find_invalid_target(targets, 0, 5, -100) == 0);
}
