// Animations, read back pixel by pixel with giflib's decoder; the frames around them byte by byte (GIF89a).
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/inspect/gif.h"
#include "core/error.h"

using namespace headlight;

namespace {

/// What a decoder sees: frames of colours, and how long each is shown.
struct DecodedGif {
  int width = 0;
  int height = 0;
  std::vector<std::vector<Rgb>> frames{};
  std::vector<int> hundredths{};
};

struct Source {
  const std::string& bytes;
  std::size_t at = 0;
};

int give(GifFileType* file, GifByteType* to, int size) {
  Source& source = *static_cast<Source*>(file->UserData);
  const std::size_t count = std::min(static_cast<std::size_t>(size), source.bytes.size() - source.at);
  std::memcpy(to, source.bytes.data() + source.at, count);
  source.at += count;
  return static_cast<int>(count);
}

DecodedGif decoded_gif(const std::string& bytes) {
  Source source{bytes};
  int error = 0;
  GifFileType* const file = DGifOpen(&source, give, &error);
  REQUIRE(file != nullptr);
  REQUIRE(DGifSlurp(file) == GIF_OK);
  DecodedGif gif{.width = file->SWidth, .height = file->SHeight};
  for (int i = 0; i < file->ImageCount; ++i) {
    const SavedImage& image = file->SavedImages[i];
    GraphicsControlBlock control{};
    REQUIRE(DGifSavedExtensionToGCB(file, i, &control) == GIF_OK);
    std::vector<Rgb> frame;
    for (int p = 0; p < gif.width * gif.height; ++p) {
      const GifByteType index = image.RasterBits[p];
      const GifColorType& color = file->SColorMap->Colors[index];
      const bool transparent = index == control.TransparentColor;
      frame.push_back(transparent ? gif.frames.back().at(static_cast<std::size_t>(p))
                                  : Rgb{color.Red, color.Green, color.Blue});
    }
    gif.frames.push_back(frame);
    gif.hundredths.push_back(control.DelayTime);
  }
  DGifCloseFile(file, nullptr);
  return gif;
}

}  // namespace

TEST_CASE("Each frame of an animation has the colours of its picture, and its time") {
  Canvas first(7, 5, {255, 255, 255});
  first.fill({.x = 1, .y = 1, .width = 3, .height = 2}, {10, 20, 200});
  Canvas second(7, 5, {0, 0, 0});
  second.fill({.x = 6, .y = 4, .width = 1, .height = 1}, {10, 20, 201});
  const std::string bytes = encode_gif({{.canvas = first, .hundredths = 50}, {.canvas = second, .hundredths = 200}});
  CHECK(bytes.substr(0, 6) == "GIF89a");
  CHECK(bytes.back() == ';');
  CHECK(bytes.find(std::string("NETSCAPE2.0\x03\x01\x00\x00", 15)) != std::string::npos);  // round and round
  const DecodedGif gif = decoded_gif(bytes);
  CHECK(gif.width == 7);
  CHECK(gif.height == 5);
  CHECK(gif.hundredths == std::vector<int>{50, 200});
  REQUIRE(gif.frames.size() == 2);
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 7; ++x) {
      CHECK(gif.frames[0][static_cast<std::size_t>(7 * y + x)] == first.pixel(x, y));
      CHECK(gif.frames[1][static_cast<std::size_t>(7 * y + x)] == second.pixel(x, y));
    }
  }
  CHECK(encode_gif({{.canvas = first, .hundredths = 50}, {.canvas = second, .hundredths = 200}}) == bytes);
}

TEST_CASE("Of more than 255 colours those of most pixels stay, and others become the nearest") {
  Canvas canvas(300, 4, {0, 0, 0});
  for (int x = 0; x < 255; ++x) {
    canvas.fill({.x = x, .y = 0, .width = 1, .height = 4}, {static_cast<std::uint8_t>(x), 0, 0});
  }
  // A colour of one pixel: the nearest of those above is 100, 0, 0, at distance 2.
  canvas.fill({.x = 299, .y = 3, .width = 1, .height = 1}, {100, 2, 0});
  const DecodedGif gif = decoded_gif(encode_gif({{.canvas = canvas}}));
  CHECK(gif.frames[0][77] == Rgb{77, 0, 0});
  CHECK(gif.frames[0].back() == Rgb{100, 0, 0});
}

TEST_CASE("A colour bar of few pixels keeps its course where other colours have more of them") {
  // 256 greys of one pixel each; 300 colours of two, on a line between two blues.
  Canvas canvas(300, 3, {0, 0, 0});
  for (int x = 0; x < 300; ++x) {
    const auto green = static_cast<std::uint8_t>(x / 2);
    canvas.fill({.x = x, .y = 1, .width = 1, .height = 2}, {static_cast<std::uint8_t>(x % 2), green, 255});
  }
  for (int x = 0; x < 256; ++x) {
    const auto grey = static_cast<std::uint8_t>(x);
    canvas.fill({.x = x, .y = 0, .width = 1, .height = 1}, {grey, grey, grey});
  }
  const DecodedGif gif = decoded_gif(encode_gif({{.canvas = canvas}}));
  for (std::size_t x = 0; x < 256; ++x) {
    // 556 colours on two lines, of which 255 can stay: a third of the greys would do, so each has one within two of it.
    CHECK(std::abs(static_cast<int>(gif.frames[0][x].red) - static_cast<int>(x)) <= 2);
  }
}

TEST_CASE("An animation without frames, or of several sizes, is refused") {
  CHECK_THROWS_AS(encode_gif({}), ShapeError);
  CHECK_THROWS_AS(encode_gif({{.canvas = Canvas(7, 5, {})}, {.canvas = Canvas(7, 6, {})}}), ShapeError);
  CHECK_THROWS_AS(encode_gif({{.canvas = Canvas(7, 5, {}), .hundredths = 0}}), ShapeError);
}
