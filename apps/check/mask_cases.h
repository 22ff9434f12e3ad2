#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/mask.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// A mask for checks, with its meaning written down a second time.
struct MaskCase {
  std::string name;    ///< "causal"
  std::string tested;  ///< "a causal mask"
  Mask mask;
  std::function<bool(std::size_t b, std::size_t q, std::size_t k)> visible;
};

/// Keys per member: the first has all of them, the others fewer, none 0 unless `keys` is.
std::vector<std::size_t> some_lengths(std::size_t batch, std::size_t keys);

MaskCase no_mask();
MaskCase causal_mask();
MaskCase padding_mask(std::size_t batch, std::size_t keys);
/// The key opposite and the one before it.
MaskCase window_mask();
/// Another rule for each member: keys of the same remainder by 2, by 3, and those of the second kind up to the query.
/// Each is transitive, so that several attentions in a row reach no farther than one.
MaskCase allow_mask(std::size_t batch, std::size_t queries, std::size_t keys);

}  // namespace headlight::inline HEADLIGHT_PRECISION
