#pragma once

#include "apps/config/located.h"
#include "apps/config/schema.h"
#include "apps/config/validate.h"

namespace headlight::config::schema {

/// Lays a validated source over what earlier sources said. Objects are merged key by key; everything else replaces.
/// A null of an override removes the key, so that its default holds. Steps of an override go into lists by index (the
/// index behind the last item appends). A key that excludes another (`trainer.steps` and `trainer.epochs`) replaces it when the other comes from an earlier file; given side by side
/// they are a problem.
void merge(Node& base, const Node& overlay, Report& report);

}  // namespace headlight::config::schema
