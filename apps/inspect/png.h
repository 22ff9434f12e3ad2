#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/inspect/canvas.h"

namespace headlight {

/// Keyword and text, such as {"Title", "..."}; keywords as PNG names them: 1 to 79 characters of Latin-1.
using PngTexts = std::vector<std::pair<std::string, std::string>>;

/// The bytes of a PNG file of the canvas, 8 bits per channel, marked as sRGB. Texts are stored as tEXt, those with
/// characters beyond ASCII as iTXt. No time is stored: the same canvas and texts give the same bytes.
/// Throws FileError with libpng's words when it refuses.   Source: PNG specification, ISO/IEC 15948.
std::string encode_png(const Canvas& canvas, const PngTexts& texts);

}  // namespace headlight
