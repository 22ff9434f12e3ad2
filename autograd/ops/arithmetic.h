#pragma once

#include "autograd/tensor.h"

/// Sums, products and powers, element by element. Two tensors broadcast as in numpy: aligned at the last axis, an
/// extent of 1 stretches; where they do not, ShapeError names both shapes. A scalar may stand on either side. Division
/// by zero and overflow give what IEEE 754 gives; nothing throws for a value.
namespace headlight::inline HEADLIGHT_PRECISION {

/// y = a + b.  da = g, db = g.
Tensor add(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& a, Real b);
Tensor add(Real a, const Tensor& b);

/// y = a - b.  da = g, db = -g.
Tensor sub(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, Real b);
Tensor sub(Real a, const Tensor& b);

/// y = a b.  da = g b, db = g a.
Tensor mul(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, Real b);
Tensor mul(Real a, const Tensor& b);

/// y = a / b.  da = g / b, db = -g y / b.
Tensor div(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, Real b);
Tensor div(Real a, const Tensor& b);

/// y = -x.  dx = -g.
Tensor neg(const Tensor& x);

/// y = base^exponent; NaN where the base is negative and the exponent no integer; 0^0 = 1.
///   dbase     = g exponent base^(exponent - 1);  0 where the exponent is 0, also at base 0
///   dexponent = g y log(base);                   0 where the base is 0 and the exponent >= 0; NaN at a negative base
/// The conventions at 0 are those of PyTorch 1.13.
Tensor pow(const Tensor& base, const Tensor& exponent);
Tensor pow(const Tensor& base, Real exponent);
Tensor pow(Real base, const Tensor& exponent);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, Real b) { return add(a, b); }
inline Tensor operator+(Real a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, Real b) { return sub(a, b); }
inline Tensor operator-(Real a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, Real b) { return mul(a, b); }
inline Tensor operator*(Real a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, Real b) { return div(a, b); }
inline Tensor operator/(Real a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }

}  // namespace headlight::inline HEADLIGHT_PRECISION
