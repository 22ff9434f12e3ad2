#include "apps/data/sparse_index.h"

#include <algorithm>

#include "core/error.h"

namespace headlight {

SparseIndex::Entry SparseIndex::before(std::uint64_t element) const {
  const auto behind = std::upper_bound(entries_.begin(), entries_.end(), element,
                                       [](std::uint64_t wanted, const Entry& entry) { return wanted < entry.element; });
  if (behind == entries_.begin()) raise<StateError>("sparse index", "nothing is known of this element");
  return *(behind - 1);
}

}  // namespace headlight
