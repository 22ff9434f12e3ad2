#include "core/array.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Array uninitialized(const Shape& shape) {
  element_count(shape, "array");
  return Array(shape);
}

Array full(const Shape& shape, Real value) {
  Array a = uninitialized(shape);
  std::fill(a.data(), a.data() + a.size(), value);
  return a;
}

Array zeros(const Shape& shape) { return full(shape, Real{0}); }

Array scalar(Real value) { return full(Shape{}, value); }

Array reshaped(Array a, const Shape& shape) {
  if (element_count(shape, "reshape") != a.size()) {
    raise<ShapeError>("reshape", "the number of elements differs", to_string(a.shape()) + " to " + to_string(shape));
  }
  a.reshape(shape);
  return a;
}

void copy_into(Array& y, const Array& x) {
  if (y.shape() != x.shape()) {
    raise<ShapeError>("copy", "the shapes differ", to_string(x.shape()) + " into " + to_string(y.shape()));
  }
  std::copy(x.data(), x.data() + x.size(), y.data());
}

bool same_bytes(const Array& a, const Array& b) {
  if (a.shape() != b.shape()) return false;
  return a.size() == 0 || std::memcmp(a.data(), b.data(), a.size() * sizeof(Real)) == 0;  // empty: data may be null
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
