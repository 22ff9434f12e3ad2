#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/array.h"
#include "core/kernels/softmax.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// How a causal mask is laid over a rectangle of Tq queries and Tk keys.
enum class Align {
  ends,    ///< the last query sees the last key: query q sees keys up to q + Tk - Tq
  starts,  ///< the first query sees the first key: query q sees keys up to q
};

/// On which side of a query its window lies.
enum class Side {
  back,  ///< its own position and earlier ones
  both,  ///< earlier and later ones alike
};

/// What each query of an attention may see, as rules that say what they mean. A default-made mask hides nothing.
/// Rules are combined with &: a key is visible when every rule allows it; biases add up.
///
///     Mask mask = Mask::causal() & Mask::padding({5, 7, 2});
///
/// Arrays given to allow, forbid and bias broadcast to (B, H, Tq, Tk); whether they do is known when an attention uses
/// the mask, and a ShapeError then names the rule.
class Mask {
 public:
  Mask() = default;

  /// No query sees a key after its own position.
  static Mask causal(Align align = Align::ends);
  /// Batch member b has lengths[b] keys; those behind are hidden. One length per batch member.
  static Mask padding(std::vector<std::size_t> lengths);
  /// Query q sees the n keys up to its own position and no earlier ones (ends aligned); n >= 1. With Side::back later
  /// keys are not hidden: combine with causal(). With Side::both it sees the n - 1 next ones and none behind them.
  /// Throws ConfigError on 0.
  static Mask window(std::size_t n, Side side = Side::back);
  /// Nonzero (true) = the query may attend to the key, as in Keras.
  static Mask allow(Booleans visible);
  /// Nonzero (true) = the key is hidden, as in torch.nn.MultiheadAttention.
  static Mask forbid(const Booleans& hidden);
  /// Added to the scaled scores; -infinity hides a key. Throws NumericError when it holds NaN or +infinity.
  /// (As do several that add up to +infinity, once an attention adds them.)
  static Mask bias(Array bias);

  friend Mask operator&(const Mask& a, const Mask& b);

  bool hides_nothing() const { return rules_.empty(); }

  /// True when a causal() rule is among the rules: whatever mixes positions must then look back only.
  bool is_causal() const;

  /// Real positions of each batch member, the smallest where several padding() rules meet; empty without such a rule.
  /// Throws ShapeError when the rules speak of different numbers of batch members.
  std::optional<std::vector<std::size_t>> lengths() const;

  /// What looks like a mistake but has a meaning: a bias that holds only 0 and 1 is added to the scores and hides
  /// nothing. One sentence each; a program may show them.
  std::vector<std::string> warnings() const;

  /// Why batch member b's query q does not see key k in head h, for example "hidden by causal: key 5 lies after query
  /// 3"; several reasons are joined by "; ". "" when it is visible. Throws ShapeError when out of range.
  std::string explain(const Shape& scores_shape, std::size_t b, std::size_t h, std::size_t q, std::size_t k) const;

  struct Rule;
  const std::vector<std::shared_ptr<const Rule>>& rules() const { return rules_; }

 private:
  explicit Mask(std::shared_ptr<const Rule> rule);

  std::vector<std::shared_ptr<const Rule>> rules_;
};

/// A mask laid over scores of one shape (B, H, Tq, Tk): what the attention kernels read.
class MaskRows {
 public:
  /// Throws ShapeError when a rule does not fit the shape, NumericError when finite biases add up to +infinity.
  MaskRows(const Mask& mask, const Shape& scores_shape);
  MaskRows(const MaskRows&) = delete;
  MaskRows& operator=(const MaskRows&) = delete;

  /// The keys that one query sees. The pointers stay valid as long as this object.
  kernels::VisibleKeys row(std::size_t b, std::size_t h, std::size_t q) const;

  /// True when the range of keys depends on where the query stands: under causal() and window().
  bool moves() const { return back_ != 0 || causal_offset_ < kNoCausalRule; }

 private:
  template <class T>
  struct Plane {
    const T* data = nullptr;
    std::size_t batch_stride = 0;
    std::size_t head_stride = 0;
    std::size_t query_stride = 0;
  };

  static constexpr std::ptrdiff_t kNoCausalRule = std::numeric_limits<std::ptrdiff_t>::max() / 2;

  Mask mask_;  ///< keeps the arrays that rows point into
  std::size_t queries_;
  std::size_t keys_;
  std::vector<std::size_t> lengths_;  ///< one per batch member, or empty
  std::ptrdiff_t causal_offset_;      ///< query q sees keys up to q + offset
  std::ptrdiff_t back_ = 0;           ///< and the last `back_` up to the key opposite it; 0 for all
  std::ptrdiff_t ahead_ = 0;          ///< and none further than `ahead_` - 1 behind that key; 0 for all
  Booleans visible_storage_;
  Array bias_storage_;
  Plane<std::uint8_t> visible_;
  Plane<Real> bias_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
