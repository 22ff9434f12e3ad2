#include "core/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/elementwise.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

struct Mask::Rule {
  enum class Kind { causal, padding, window, allow, forbid, bias };
  Kind kind;
  Align align = Align::ends;
  Side side = Side::back;
  std::size_t window = 0;
  std::vector<std::size_t> lengths = {};
  Booleans visible = {};  ///< of allow and forbid, already in the sense of allow
  Array bias = {};

  const char* name() const {
    static constexpr const char* kNames[] = {"causal", "padding", "window", "allow", "forbid", "bias"};
    return kNames[static_cast<std::size_t>(kind)];
  }
};

namespace {

using Rule = Mask::Rule;
using Kind = Mask::Rule::Kind;

std::ptrdiff_t causal_offset(Align align, std::size_t queries, std::size_t keys) {
  return align == Align::starts ? 0 : static_cast<std::ptrdiff_t>(keys) - static_cast<std::ptrdiff_t>(queries);
}

bool hides(Real bias) { return bias == -std::numeric_limits<Real>::infinity(); }

void check_scores_shape(const Shape& shape) {
  if (shape.size() != 4) {
    raise<ShapeError>("mask", "scores must have the shape (B, H, Tq, Tk)", to_string(shape));
  }
}

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

/// The element of an array of at most four axes that belongs to (b, h, q, k) by broadcasting.
std::size_t plane_index(const Shape& plane, const std::size_t (&index)[4]) {
  std::size_t offset = 0;
  for (std::size_t axis = 0; axis < plane.size(); ++axis) {
    offset = offset * plane[axis] + (plane[axis] == 1 ? 0 : index[4 - plane.size() + axis]);
  }
  return offset;
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

Mask::Mask(std::shared_ptr<const Rule> rule) { rules_.push_back(std::move(rule)); }

Mask Mask::causal(Align align) {
  return Mask(std::make_shared<const Rule>(Rule{.kind = Kind::causal, .align = align}));
}

Mask Mask::padding(std::vector<std::size_t> lengths) {
  return Mask(std::make_shared<const Rule>(Rule{.kind = Kind::padding, .lengths = std::move(lengths)}));
}

Mask Mask::window(std::size_t n, Side side) {
  if (n == 0) {
    raise<ConfigError>("mask window", "a window of 0 keys hides everything", {},
                       "pass the number of visible keys, >= 1");
  }
  // A window longer than any sequence hides nothing; held to this, positions can be subtracted without an overflow.
  constexpr std::size_t longest = std::size_t{1} << 62;
  return Mask(std::make_shared<const Rule>(Rule{.kind = Kind::window, .side = side, .window = std::min(n, longest)}));
}

Mask Mask::allow(Booleans visible) {
  return Mask(std::make_shared<const Rule>(Rule{.kind = Kind::allow, .visible = std::move(visible)}));
}

Mask Mask::forbid(const Booleans& hidden) {
  Booleans visible(hidden.shape());
  for (std::size_t i = 0; i < hidden.size(); ++i) visible.data()[i] = hidden.data()[i] == 0 ? 1 : 0;
  return Mask(std::make_shared<const Rule>(Rule{.kind = Kind::forbid, .visible = std::move(visible)}));
}

Mask Mask::bias(Array bias) {
  for (const Real value : flat(bias)) {
    if (std::isnan(value) || value == std::numeric_limits<Real>::infinity()) {
      raise<NumericError>("mask bias", "the bias must be finite, or -infinity to hide a key",
                          fmt::format("it holds {}", value));
    }
  }
  return Mask(std::make_shared<const Rule>(Rule{.kind = Kind::bias, .bias = std::move(bias)}));
}

Mask operator&(const Mask& a, const Mask& b) {
  Mask both = a;
  both.rules_.insert(both.rules_.end(), b.rules_.begin(), b.rules_.end());
  return both;
}

bool Mask::is_causal() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const auto& rule) { return rule->kind == Kind::causal; });
}

std::optional<std::vector<std::size_t>> Mask::lengths() const {
  std::optional<std::vector<std::size_t>> shortest;
  for (const auto& rule : rules_) {
    if (rule->kind != Kind::padding) continue;
    if (!shortest) {
      shortest = rule->lengths;
      continue;
    }
    if (shortest->size() != rule->lengths.size()) {
      raise<ShapeError>("mask padding", "two padding rules speak of different batches",
                        fmt::format("{} and {} lengths", shortest->size(), rule->lengths.size()),
                        "give one length per batch member to each");
    }
    for (std::size_t b = 0; b < shortest->size(); ++b) (*shortest)[b] = std::min((*shortest)[b], rule->lengths[b]);
  }
  return shortest;
}

std::vector<std::string> Mask::warnings() const {
  std::vector<std::string> found;
  for (const auto& rule : rules_) {
    if (rule->kind != Kind::bias) continue;
    const auto values = flat(rule->bias);
    const bool truths = std::all_of(values.begin(), values.end(), [](Real v) { return v == 0 || v == 1; });
    if (!truths || std::find(values.begin(), values.end(), Real{1}) == values.end()) continue;
    found.push_back(message("mask bias", "the array holds only 0 and 1, which are added to the scores and hide nothing",
                            to_string(rule->bias.shape()),
                            "for truth values use allow (1 = attend) or forbid (1 = hide)"));
  }
  return found;
}

std::string Mask::explain(const Shape& scores_shape, std::size_t b, std::size_t h, std::size_t q, std::size_t k) const {
  check_scores_shape(scores_shape);
  if (b >= scores_shape[0] || h >= scores_shape[1] || q >= scores_shape[2] || k >= scores_shape[3]) {
    raise<ShapeError>("mask explain", fmt::format("there is no pair ({}, {}, {}, {})", b, h, q, k),
                      "scores " + to_string(scores_shape));
  }
  const MaskRows checked(*this, scores_shape);
  const auto query = static_cast<std::ptrdiff_t>(q);
  const auto key = static_cast<std::ptrdiff_t>(k);
  std::string reasons;
  bool bias_named = false;
  const auto add = [&reasons](const std::string& reason) {
    reasons += (reasons.empty() ? "hidden by " : "; ") + reason;
  };
  for (const auto& rule : rules_) {
    const std::ptrdiff_t own = query + causal_offset(rule->align, scores_shape[2], scores_shape[3]);
    switch (rule->kind) {
      case Kind::causal:
        if (key > own) add(fmt::format("causal: key {} lies after query {}, which sees keys up to {}", k, q, own));
        break;
      case Kind::window:
        if (key <= own - static_cast<std::ptrdiff_t>(rule->window)) {
          add(fmt::format("window: key {} lies more than {} back from query {}", k, rule->window - 1, q));
        } else if (rule->side == Side::both && key >= own + static_cast<std::ptrdiff_t>(rule->window)) {
          add(fmt::format("window: key {} lies more than {} ahead of query {}", k, rule->window - 1, q));
        }
        break;
      case Kind::padding:
        if (k >= rule->lengths[b]) {
          add(fmt::format("padding: batch member {} has {} keys, this is key {}", b, rule->lengths[b], k));
        }
        break;
      case Kind::allow:
      case Kind::forbid:
        if (rule->visible.data()[plane_index(rule->visible.shape(), {b, h, q, k})] == 0) {
          add(fmt::format("{}: head {}, query {}, key {}", rule->name(), h, q, k));
        }
        break;
      case Kind::bias:
        if (hides(rule->bias.data()[plane_index(rule->bias.shape(), {b, h, q, k})])) {
          add(fmt::format("bias: -infinity at head {}, query {}, key {}", h, q, k));
          bias_named = true;
        }
        break;
    }
  }
  const Real* const biases = checked.row(b, h, q).bias;
  if (!bias_named && biases != nullptr && hides(biases[k])) {
    add(fmt::format("bias: the biases add up to -infinity at head {}, query {}, key {}", h, q, k));
  }
  return reasons;
}

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
