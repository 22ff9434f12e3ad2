#include "autograd/ops/heads.h"

#include <fmt/format.h>

#include "autograd/ops/layout.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check_packed(const char* where, const Tensor& x, std::size_t heads) {
  if (x.rank() != 3) raise<ShapeError>(where, "x must be (B, T, C)", to_string(x.shape()));
  if (heads == 0 || x.extent(2) % heads != 0) {
    raise<ShapeError>(where, fmt::format("the width is no multiple of {} heads", heads), to_string(x.shape()),
                      "each head takes an equal slice of the last axis");
  }
}

}  // namespace

Tensor split_heads(const Tensor& x, std::size_t heads) {
  check_packed("split_heads", x, heads);
  const Shape split{x.extent(0), x.extent(1), heads, x.extent(2) / heads};
  return transpose(reshape(x, split), {0, 2, 1, 3});
}

Tensor merge_heads(const Tensor& x) {
  if (x.rank() != 4) raise<ShapeError>("merge_heads", "x must be (B, H, T, D)", to_string(x.shape()));
  const Shape merged{x.extent(0), x.extent(2), x.extent(1) * x.extent(3)};
  return reshape(transpose(x, {0, 2, 1, 3}), merged);
}

Tensor repeat_heads(const Tensor& x, std::size_t kv_heads, std::size_t heads) {
  check_packed("repeat_heads", x, kv_heads);
  if (heads == 0 || heads % kv_heads != 0) {
    raise<ShapeError>("repeat_heads", fmt::format("{} heads are no multiple of {} kv heads", heads, kv_heads),
                      to_string(x.shape()), "each key and value head serves the same number of heads");
  }
  if (heads == kv_heads) return x;
  const std::size_t group = heads / kv_heads;
  const std::size_t size = x.extent(2) / kv_heads;
  const Tensor alone = reshape(x, Shape{x.extent(0), x.extent(1), kv_heads, 1, size});
  const Tensor repeated = broadcast_to(alone, Shape{x.extent(0), x.extent(1), kv_heads, group, size});
  return reshape(repeated, Shape{x.extent(0), x.extent(1), heads * size});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
