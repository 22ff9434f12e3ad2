#include "layers/compat.h"

namespace headlight::inline HEADLIGHT_PRECISION {

Mask imported_mask(Compat compat, const Booleans& mask) {
  return compat == Compat::keras ? Mask::allow(mask) : Mask::forbid(mask);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
