#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/mask.h"
#include "core/mask_rule.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using Rule = Mask::Rule;
using Kind = Mask::Rule::Kind;

void check_plane(const Rule& rule, const Shape& plane, const Shape& scores) {
  if (broadcasts_to(plane, scores)) return;
  raise<ShapeError>(fmt::format("mask {}", rule.name()), "the array does not broadcast to the scores (B, H, Tq, Tk)",
                    to_string(plane) + " for scores " + to_string(scores),
                    "add axes of extent 1: a mask per batch member and key has shape (B, 1, 1, Tk)");
}

void check_padding(const Rule& rule, const Shape& scores) {
  if (rule.lengths.size() != scores[0]) {
    raise<ShapeError>("mask padding", "there must be one length for each batch member",
                      fmt::format("{} lengths, batch of {}", rule.lengths.size(), scores[0]));
  }
  const auto longest = std::max_element(rule.lengths.begin(), rule.lengths.end());
  if (longest != rule.lengths.end() && *longest > scores[3]) {
    raise<ShapeError>("mask padding", "a length exceeds the number of keys",
                      fmt::format("length {} of batch member {}, {} keys", *longest, longest - rule.lengths.begin(),
                                  scores[3]));
  }
}

/// The sum, where a hidden key stays hidden.
Real add_biases(Real a, Real b) {
  if (hides(a) || hides(b)) return -std::numeric_limits<Real>::infinity();
  const Real sum = a + b;
  if (sum == std::numeric_limits<Real>::infinity()) {
    raise<NumericError>("mask bias", "biases add up to infinity", fmt::format("{} + {}", a, b), "give smaller ones");
  }
  return sum;
}

/// (b, h, q) extents of a plane over these scores: 1 where it repeats; the last axis always whole.
Shape whole_rows(const Shape& plane, std::size_t keys) {
  Shape shape{1, 1, 1, keys};
  for (std::size_t axis = 0; axis + 1 < plane.size(); ++axis) shape[4 - plane.size() + axis] = plane[axis];
  return shape;
}

/// Merges the arrays of several rules into one array with whole rows.
template <class T, class Merge>
void merge_planes(xt::xarray<T, xt::layout_type::row_major, PoolAllocator<T>>& storage,
                  const std::vector<const xt::xarray<T, xt::layout_type::row_major, PoolAllocator<T>>*>& planes,
                  std::size_t keys, T neutral, Merge merge) {
  Shape shape{1, 1, 1, keys};
  for (const auto* plane : planes) shape = broadcast_shape(shape, whole_rows(plane->shape(), keys), "mask");
  storage.resize(shape);
  std::fill(storage.data(), storage.data() + storage.size(), neutral);
  std::size_t at = 0;
  for (std::size_t b = 0; b < shape[0]; ++b) {
    for (std::size_t h = 0; h < shape[1]; ++h) {
      for (std::size_t q = 0; q < shape[2]; ++q) {
        for (std::size_t k = 0; k < keys; ++k, ++at) {
          T& value = storage.data()[at];
          for (const auto* plane : planes)
            value = merge(value, plane->data()[plane_index(plane->shape(), {b, h, q, k})]);
        }
      }
    }
  }
}

}  // namespace

MaskRows::MaskRows(const Mask& mask, const Shape& scores_shape)
    : mask_(mask), queries_(0), keys_(0), causal_offset_(kNoCausalRule) {
  check_scores_shape(scores_shape);
  queries_ = scores_shape[2];
  keys_ = scores_shape[3];
  std::vector<const Booleans*> visible;
  std::vector<const Array*> biases;
  for (const auto& rule : mask.rules()) {
    switch (rule->kind) {
      case Kind::causal:
        causal_offset_ = std::min(causal_offset_, causal_offset(rule->align, queries_, keys_));
        break;
      case Kind::window: {
        const auto n = static_cast<std::ptrdiff_t>(std::min(rule->window, queries_ + keys_));
        back_ = back_ == 0 ? n : std::min(back_, n);
        if (rule->side == Side::both) ahead_ = ahead_ == 0 ? n : std::min(ahead_, n);
        break;
      }
      case Kind::padding:
        check_padding(*rule, scores_shape);
        if (lengths_.empty()) lengths_.assign(scores_shape[0], keys_);
        for (std::size_t b = 0; b < lengths_.size(); ++b) lengths_[b] = std::min(lengths_[b], rule->lengths[b]);
        break;
      case Kind::allow:
      case Kind::forbid:
        check_plane(*rule, rule->visible.shape(), scores_shape);
        visible.push_back(&rule->visible);
        break;
      case Kind::bias:
        check_plane(*rule, rule->bias.shape(), scores_shape);
        biases.push_back(&rule->bias);
        break;
    }
  }
  // One array with whole rows is read where it stands, anything else is merged into an array of our own.
  const auto lay = [this](auto& plane, const auto& arrays, auto& storage, auto neutral, auto merge) {
    if (arrays.empty()) return;
    const auto* array = arrays.front();
    if (arrays.size() > 1 || array->dimension() == 0 || array->shape().back() != keys_) {
      merge_planes(storage, arrays, keys_, neutral, merge);
      array = &storage;
    }
    const Shape strides = row_major_strides(whole_rows(array->shape(), keys_));
    plane = {array->data(), strides[0], strides[1], strides[2]};
  };
  lay(visible_, visible, visible_storage_, std::uint8_t{1},
      [](std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(a != 0 && b != 0); });
  lay(bias_, biases, bias_storage_, Real{0}, add_biases);
}

kernels::VisibleKeys MaskRows::row(std::size_t b, std::size_t h, std::size_t q) const {
  const auto query = static_cast<std::ptrdiff_t>(q);
  const auto keys = static_cast<std::ptrdiff_t>(lengths_.empty() ? keys_ : lengths_[b]);
  // The window is measured from the key that stands opposite the query when the ends are aligned.
  const std::ptrdiff_t own = query + static_cast<std::ptrdiff_t>(keys_) - static_cast<std::ptrdiff_t>(queries_);
  const std::ptrdiff_t last = ahead_ == 0 ? causal_offset_ + query : std::min(causal_offset_ + query, own + ahead_ - 1);
  const std::ptrdiff_t end = std::clamp<std::ptrdiff_t>(last + 1, 0, keys);
  const std::ptrdiff_t begin = back_ == 0 ? 0 : std::clamp<std::ptrdiff_t>(own + 1 - back_, 0, end);
  kernels::VisibleKeys keys_of_row{static_cast<std::size_t>(begin), static_cast<std::size_t>(end), nullptr, nullptr};
  if (visible_.data != nullptr) {
    keys_of_row.visible =
        visible_.data + b * visible_.batch_stride + h * visible_.head_stride + q * visible_.query_stride;
  }
  if (bias_.data != nullptr) {
    keys_of_row.bias = bias_.data + b * bias_.batch_stride + h * bias_.head_stride + q * bias_.query_stride;
  }
  return keys_of_row;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
