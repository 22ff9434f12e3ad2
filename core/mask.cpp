#include "core/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/mask_rule.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {

namespace {

using Rule = Mask::Rule;
using Kind = Mask::Rule::Kind;

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

}  // namespace headlight::inline HEADLIGHT_PRECISION
