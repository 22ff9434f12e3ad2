#pragma once

// Arrays for tests: drawn, built by index, compared.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/array.h"

namespace headlight::testing::inline HEADLIGHT_PRECISION {

/// Numbers in [low, high), none within `gap` of a kink.
Array drawn(const Shape& shape, double low, double high, std::uint64_t seed, const std::vector<double>& kinks = {},
            double gap = 0.05);

/// Multiples of 1/4 in random order, shifted by `offset`: no two are closer than 1/4, so that no comparison between
/// them changes within a step of a difference.
Array distinct(const Shape& shape, std::uint64_t seed, double offset = 0);

/// The index of an element, and back.
std::vector<std::size_t> index_of(std::size_t element, const Shape& shape);
std::size_t element_of(const std::vector<std::size_t>& index, const Shape& shape);

/// An array filled by a function of the index.
Array by_index(const Shape& shape, const std::function<double(const std::vector<std::size_t>&)>& f);

/// One element as double.
double at(const Array& a, const std::vector<std::size_t>& index);

Tokens tokens(const Shape& shape, const std::vector<std::int32_t>& values);

/// "" when shapes are equal and each |actual - expected| <= atol + rtol |expected| (NaN equals NaN); else what differs
/// first: "0.5 instead of 0.25 at (1, 3)".
std::string difference(const Array& actual, const Array& expected, double rtol, double atol);

/// True when there is no difference.
bool close(const Array& a, const Array& b, double rtol, double atol);

}  // namespace headlight::testing::inline HEADLIGHT_PRECISION
