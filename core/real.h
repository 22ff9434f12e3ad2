#pragma once

/// The number type of a build. Every library is compiled twice: with `Real` = float for training, and with `Real` =
/// double (HEADLIGHT_DOUBLE) for checking gradients. All code that knows `Real` lives in the inline namespace
/// `f32` or `f64`, so that mixing the two is a link error and both can stand in one program.
#ifdef HEADLIGHT_DOUBLE
#define HEADLIGHT_PRECISION f64
namespace headlight::inline f64 {
using Real = double;
}
#else
#define HEADLIGHT_PRECISION f32
namespace headlight::inline f32 {
using Real = float;
}
#endif
