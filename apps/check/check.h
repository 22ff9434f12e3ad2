#pragma once

#include "apps/check/report.h"
#include "apps/check/subject.h"

/// The library call: checks a layer or a model as hard as Headlight's own. See apps/check/README.md for the checks, for
/// what is measured and what can be declared, and for an example.
namespace headlight::inline HEADLIGHT_PRECISION {

enum class CheckExtent {
  all,
  gradients,  ///< what float cannot answer: what the double twin of a program adds to the float report
};

/// Runs all checks; nothing that the subject throws gets out, but is a failed row. The float build leaves gradients to
/// the double one. Ends within a minute for models of a million parameters.
CheckReport check_subject(const CheckSubject& subject, CheckExtent extent = CheckExtent::all);

/// The same for a layer that a function builds. Throws ConfigError on a width or length of 0.
CheckReport check_layer(const LayerMaker& make, const CheckOptions& options = {});

}  // namespace headlight::inline HEADLIGHT_PRECISION
