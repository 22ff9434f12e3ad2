#pragma once

#include "apps/check/subject.h"
#include "apps/config/config.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The model that a config describes, with first weights of its own (`model.load` is not read). The only place of the
/// checks that knows the class of a model. Throws ConfigError on sizes that cannot be.
CheckSubject model_subject(const config::Config& config);

}  // namespace headlight::inline HEADLIGHT_PRECISION
