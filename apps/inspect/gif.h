#pragma once

#include <string>
#include <vector>

#include "apps/inspect/canvas.h"

namespace headlight {

/// One picture of an animation.
struct GifFrame {
  Canvas canvas;
  int hundredths = 10;  ///< of a second that it is shown, in [1, 65535]
};

/// The bytes of a GIF file that shows the frames in turn, for ever. All have one palette: every colour as it is where
/// there are at most 255 of them; else the 255 that fill most pixels, and the nearest of those for any other. What does not
/// change from one frame to the next is transparent, which keeps files small. No time is
/// stored: the same frames give the same bytes.
/// Throws ShapeError without a frame, or when frames differ in size; FileError with giflib's words when it refuses.
/// Source: GIF89a specification (CompuServe 1990); the loop is the application extension NETSCAPE2.0.
std::string encode_gif(const std::vector<GifFrame>& frames);

}  // namespace headlight
