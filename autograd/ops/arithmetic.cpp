#include "autograd/ops/arithmetic.h"

#include <cmath>
#include <utility>

#include "autograd/make_op.h"
#include "autograd/ops/scale.h"
#include "core/elementwise.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr auto kProduct = [](Real p, Real q) { return p * q; };
constexpr auto kQuotient = [](Real p, Real q) { return p / q; };
constexpr auto kNegative = [](Real p) { return -p; };

// A square is the one power that models use all the time, and far cheaper than std::pow.
Array power(const Array& x, Real exponent) {
  if (exponent == 2) return map(x, [](Real p) { return p * p; });
  return map(x, [exponent](Real p) { return std::pow(p, exponent); });
}

Real base_derivative(Real base, Real exponent) {
  return exponent == 0 ? Real{0} : exponent * std::pow(base, exponent - 1);
}

Real exponent_derivative(Real base, Real exponent) {
  return base == 0 && exponent >= 0 ? Real{0} : std::pow(base, exponent) * std::log(base);
}

}  // namespace

// da = g, db = g
Tensor add(const Tensor& a, const Tensor& b) {
  return make_op("add", zip("add", a.value(), b.value(), [](Real p, Real q) { return p + q; }), {a, b},
                 [](BackwardPass& pass) {
                   if (pass.needs(0) && pass.needs(1)) pass.give(0, pass.g());
                   pass.give(pass.needs(1) ? 1 : 0, pass.take_g());
                 });
}

Tensor add(const Tensor& a, Real b) {
  return make_op("add", map(a.value(), [b](Real p) { return p + b; }), {a},
                 [](BackwardPass& pass) { pass.give(0, pass.take_g()); });
}

Tensor add(Real a, const Tensor& b) { return add(b, a); }

// da = g, db = -g
Tensor sub(const Tensor& a, const Tensor& b) {
  return make_op("sub", zip("sub", a.value(), b.value(), [](Real p, Real q) { return p - q; }), {a, b},
                 [](BackwardPass& pass) {
                   if (pass.needs(0)) pass.give(0, pass.g());
                   if (!pass.needs(1)) return;
                   Array db = pass.take_g();
                   update(db, kNegative);
                   pass.give(1, std::move(db));
                 });
}

Tensor sub(const Tensor& a, Real b) {
  return make_op("sub", map(a.value(), [b](Real p) { return p - b; }), {a},
                 [](BackwardPass& pass) { pass.give(0, pass.take_g()); });
}

Tensor sub(Real a, const Tensor& b) {
  return make_op("sub", map(b.value(), [a](Real p) { return a - p; }), {b}, [](BackwardPass& pass) {
    Array db = pass.take_g();
    update(db, kNegative);
    pass.give(0, std::move(db));
  });
}

// da = g b, db = g a
Tensor mul(const Tensor& a, const Tensor& b) {
  return make_op("mul", zip("mul", a.value(), b.value(), kProduct), {a, b}, [](BackwardPass& pass) {
    if (pass.needs(0)) pass.give(0, zip("mul", pass.g(), pass.x(1), kProduct));
    if (pass.needs(1)) pass.give(1, zip("mul", pass.g(), pass.x(0), kProduct));
  });
}

Tensor mul(const Tensor& a, Real b) {
  return make_op("mul", map(a.value(), [b](Real p) { return p * b; }), {a}, [b](BackwardPass& pass) {
    Array da = pass.take_g();
    scale(da, b);
    pass.give(0, std::move(da));
  });
}

Tensor mul(Real a, const Tensor& b) { return mul(b, a); }

// da = g / b, db = -(g / b) y
Tensor div(const Tensor& a, const Tensor& b) {
  return make_op("div", zip("div", a.value(), b.value(), kQuotient), {a, b}, [](BackwardPass& pass) {
    Array da = zip("div", pass.g(), pass.x(1), kQuotient);
    if (pass.needs(1)) pass.give(1, zip_same(da, pass.y(), [](Real q, Real y) { return -q * y; }));
    pass.give(0, std::move(da));
  });
}

Tensor div(const Tensor& a, Real b) {
  return make_op("div", map(a.value(), [b](Real p) { return p / b; }), {a}, [b](BackwardPass& pass) {
    Array da = pass.take_g();
    update(da, [b](Real g) { return g / b; });
    pass.give(0, std::move(da));
  });
}

Tensor div(Real a, const Tensor& b) {
  return make_op("div", map(b.value(), [a](Real p) { return a / p; }), {b}, [](BackwardPass& pass) {
    Array db = pass.take_g();
    update(
        db, [](Real g, Real y, Real p) { return -(g / p) * y; }, pass.y(), pass.x(0));
    pass.give(0, std::move(db));
  });
}

// dx = -g
Tensor neg(const Tensor& x) {
  return make_op("neg", map(x.value(), kNegative), {x}, [](BackwardPass& pass) {
    Array dx = pass.take_g();
    update(dx, kNegative);
    pass.give(0, std::move(dx));
  });
}

// dbase = g exponent base^(exponent - 1), dexponent = g base^exponent log(base)
Tensor pow(const Tensor& base, const Tensor& exponent) {
  return make_op("pow", zip("pow", base.value(), exponent.value(), [](Real p, Real q) { return std::pow(p, q); }),
                 {base, exponent}, [](BackwardPass& pass) {
                   if (pass.needs(0)) {
                     Array dbase = zip("pow", pass.x(0), pass.x(1), base_derivative);
                     update(dbase, kProduct, pass.g());
                     pass.give(0, std::move(dbase));
                   }
                   if (pass.needs(1)) {
                     Array dexponent = zip("pow", pass.x(0), pass.x(1), exponent_derivative);
                     update(dexponent, kProduct, pass.g());
                     pass.give(1, std::move(dexponent));
                   }
                 });
}

Tensor pow(const Tensor& base, Real exponent) {
  return make_op("pow", power(base.value(), exponent), {base}, [exponent](BackwardPass& pass) {
    Array dbase = pass.take_g();
    if (exponent == 2) {
      update(
          dbase, [](Real g, Real p) { return g * 2 * p; }, pass.x(0));
    } else {
      update(
          dbase, [exponent](Real g, Real p) { return g * base_derivative(p, exponent); }, pass.x(0));
    }
    pass.give(0, std::move(dbase));
  });
}

Tensor pow(Real base, const Tensor& exponent) {
  return make_op("pow", map(exponent.value(), [base](Real q) { return std::pow(base, q); }), {exponent},
                 [base](BackwardPass& pass) {
                   Array dexponent = pass.take_g();
                   update(
                       dexponent, [base](Real g, Real q) { return g * exponent_derivative(base, q); }, pass.x(0));
                   pass.give(0, std::move(dexponent));
                 });
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
