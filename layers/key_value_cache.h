#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Keys and values of the positions that a model has already seen, so that each step of a generation computes only the
/// new ones. Give it to Context::cache and say where the input begins:
///
///     KeyValueCache cache;
///     while (...) next = model(newest_ids, {.mask = Mask::causal(), .cache = &cache, .offset = cache.length()});
///
/// A causal model then gives what it would give for the whole sequence. Masks speak of all keys, cached ones included;
/// self-attention refuses any mask that is not causal with aligned ends, since what is cached has not seen later keys.
/// Cross-attention computes keys and values of its memory at the first call and does not look at the memory again: use
/// one cache per memory. Only for evaluation; no gradient reaches what lies in the cache.
class KeyValueCache {
 public:
  /// Positions held for self-attention; 0 at first.
  std::size_t length() const;

  /// Batch member b continues from what is now member members[b]: for beams, and to drop sequences that have ended.
  /// Throws ShapeError on a member that is not there.
  void reorder(const std::vector<std::size_t>& members);

  /// Forgets the positions from `length` on. Throws ShapeError when there are fewer. Memories of cross-attention stay.
  void truncate(std::size_t length);

  void clear() { entries_.clear(); }

  /// What one attention layer keeps, (B, T, C) each.
  struct Entry {
    Array key;
    Array value;
    Array value_input;  ///< with a convolution over values: what it reads
    bool filled = false;
    bool cross = false;

    std::size_t length() const { return filled ? key.shape()[1] : 0; }
  };

  /// For layers: the entry of a path, empty at first.
  Entry& entry(const std::string& path) { return entries_[path]; }

 private:
  std::map<std::string, Entry> entries_;
};

/// For layers: what lies in `past` (or nothing, at first) and `now` behind it along the time axis; `past` becomes that.
/// Throws ShapeError when batch or width changed.
Tensor append_to_cache(Array& past, bool filled, const Tensor& now);

}  // namespace headlight::inline HEADLIGHT_PRECISION
