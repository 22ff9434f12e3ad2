#pragma once

// The only file that includes xtensor: the repair below must come before any use, and XTENSOR_* macros must agree
// everywhere.
#include <cstdint>
#include <span>
#include <type_traits>

#include <xtensor/xarray.hpp>
#include <xtensor/xeval.hpp>
#include <xtensor/xview.hpp>

#include "core/pool.h"
#include "core/real.h"

// xtensor 0.24.3 guards this specialisation with `__cplusplus == 201703L`. Without it g++ in C++20 mode takes the
// temporary of an xarray for a rank-4 xtensor, and reducers, eval(transpose), tile, pad and variance corrupt memory.
#if defined(__GNUC__) && !defined(__clang__) && __cplusplus > 201703L
namespace xt::detail {
template <template <class, std::size_t, class, bool> class S, class X, std::size_t N, class A, bool Init>
struct xtype_for_shape<S<X, N, A, Init>> {
  template <class T, layout_type L>
  using type = xarray<T, L>;
};
}  // namespace xt::detail
#endif

namespace headlight {

/// Extents of an array, outermost axis first; up to four without an allocation.
using Shape = xt::xarray<float>::shape_type;

/// Integers with a shape: token ids, class targets, positions.
using Tokens = xt::xarray<std::int32_t, xt::layout_type::row_major, PoolAllocator<std::int32_t>>;

static_assert(
    std::is_same_v<xt::detail::xtype_for_shape<Shape>::type<float, xt::layout_type::row_major>, xt::xarray<float>>,
    "array.h: xtensor picks a fixed-rank temporary for a free-rank array; the repair above is not in effect");

/// Truth values with a shape: 0 is false, everything else true.
using Booleans = xt::xarray<std::uint8_t, xt::layout_type::row_major, PoolAllocator<std::uint8_t>>;

inline std::span<std::int32_t> flat(Tokens& a) { return {a.data(), a.size()}; }
inline std::span<const std::int32_t> flat(const Tokens& a) { return {a.data(), a.size()}; }

}  // namespace headlight

namespace headlight::inline HEADLIGHT_PRECISION {

/// Dense row-major array of Real whose memory comes from the pool. Built from a shape it is not initialised.
using Array = xt::xarray<Real, xt::layout_type::row_major, PoolAllocator<Real>>;

/// The elements in row-major order.
inline std::span<Real> flat(Array& a) { return {a.data(), a.size()}; }
inline std::span<const Real> flat(const Array& a) { return {a.data(), a.size()}; }

/// An uninitialised array. Throws ShapeError when the number of elements overflows.
Array uninitialized(const Shape& shape);

/// An array with one value everywhere. Throws as uninitialized() does.
Array full(const Shape& shape, Real value);
Array zeros(const Shape& shape);

/// An array of rank 0.
Array scalar(Real value);

/// The same elements under another shape, without a copy when `a` is a temporary.
/// Throws ShapeError when the numbers of elements differ.
Array reshaped(Array a, const Shape& shape);

/// y = x elementwise into an existing array of the same shape (never resizes, unlike `y = x`). Throws ShapeError.
void copy_into(Array& y, const Array& x);

/// Shapes equal and all bytes equal (NaN equals itself, 0 differs from -0).
bool same_bytes(const Array& a, const Array& b);

}  // namespace headlight::inline HEADLIGHT_PRECISION
