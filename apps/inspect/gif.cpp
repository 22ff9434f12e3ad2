#include "apps/inspect/gif.h"

#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::size_t kGifColors = 255;  // and one that lets the frame before shine through
constexpr int kUnchanged = 255;

std::uint32_t packed(const std::uint8_t* rgb) {
  return std::uint32_t{rgb[0]} << 16U | std::uint32_t{rgb[1]} << 8U | std::uint32_t{rgb[2]};
}

int channel(std::uint32_t color, unsigned shift) { return static_cast<int>(color >> shift & 0xFFU); }

int squared_distance(std::uint32_t a, std::uint32_t b) {
  int sum = 0;
  for (const unsigned shift : {0U, 8U, 16U}) {
    const int difference = channel(a, shift) - channel(b, shift);
    sum += difference * difference;
  }
  return sum;
}

/// At most 255 colours, and which of them stands for each colour of the frames. Where there are more, the one goes whose
/// pixels change least by it, its squared distance to the nearest other times their number, and so on (pairwise nearest
/// neighbours: Equitz 1989, IEEE Transactions on Acoustics, Speech, and Signal Processing 37(10)); but the ones that stay do
/// not move, so that text and zero keep their colours.
class Palette {
 public:
  explicit Palette(const std::vector<GifFrame>& frames) {
    std::unordered_map<std::uint32_t, std::uint64_t> counts;
    for (const GifFrame& frame : frames) {
      const std::vector<std::uint8_t>& bytes = frame.canvas.bytes();
      for (std::size_t i = 0; i < bytes.size(); i += 3) ++counts[packed(&bytes[i])];
    }
    std::vector<Entry> entries;
    entries.reserve(counts.size());
    for (const auto& [color, count] : counts) entries.push_back({.color = color, .pixels = count});
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.color < b.color; });
    if (entries.size() > kGifColors) reduce(entries);
    for (const Entry& entry : entries) colors_.push_back(entry.color);
    for (const auto& [color, count] : counts) index_[color] = nearest(color);
  }

  const std::vector<std::uint32_t>& colors() const { return colors_; }
  GifPixelType index(const std::uint8_t* rgb) const { return index_.at(packed(rgb)); }

 private:
  struct Entry {
    std::uint32_t color = 0;
    std::uint64_t pixels = 0;
    std::uint32_t neighbour = 0;  ///< the colour nearest to this one
    double cost = 0;              ///< of going
  };

  static void find_neighbour(Entry& entry, const std::vector<Entry>& entries) {
    int least = std::numeric_limits<int>::max();
    for (const Entry& other : entries) {
      const int distance = squared_distance(entry.color, other.color);
      if (distance >= least || other.color == entry.color) continue;
      least = distance;
      entry.neighbour = other.color;
    }
    entry.cost = static_cast<double>(least) * static_cast<double>(entry.pixels);
  }

  static void reduce(std::vector<Entry>& entries) {
    for (Entry& entry : entries) find_neighbour(entry, entries);
    while (entries.size() > kGifColors) {
      const auto going = std::min_element(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.cost != b.cost ? a.cost < b.cost : a.pixels < b.pixels;
      });
      const Entry gone = *going;
      entries.erase(going);
      for (Entry& entry : entries) {
        if (entry.color == gone.neighbour) entry.pixels += gone.pixels;
        if (entry.color == gone.neighbour || entry.neighbour == gone.color) find_neighbour(entry, entries);
      }
    }
  }

  GifPixelType nearest(std::uint32_t color) const {
    const auto closer = [color](std::uint32_t a, std::uint32_t b) {
      return squared_distance(a, color) < squared_distance(b, color);
    };
    return static_cast<GifPixelType>(std::min_element(colors_.begin(), colors_.end(), closer) - colors_.begin());
  }

  std::vector<std::uint32_t> colors_{};
  std::unordered_map<std::uint32_t, GifPixelType> index_{};
};

int append_bytes(GifFileType* file, const GifByteType* data, int size) {
  // An exception must not pass through giflib's C frames.
  try {
    static_cast<std::string*>(file->UserData)
        ->append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    return size;
  } catch (const std::exception&) {
    return 0;
  }
}

struct FreeColorMap {
  void operator()(ColorMapObject* map) const { GifFreeMapObject(map); }
};
using ColorMap = std::unique_ptr<ColorMapObject, FreeColorMap>;

[[noreturn]] void refuse_gif(int error) {
  const char* const words = GifErrorString(error);
  raise<FileError>("encode_gif", "giflib refuses the animation", words == nullptr ? "no memory" : words,
                   "make the pictures smaller or fewer");
}

/// An animation that is being written; its bytes go to `output`.
class GifWriter {
 public:
  GifWriter(std::string& output, int width, int height, const Palette& palette) {
    int error = 0;
    file_ = EGifOpen(&output, append_bytes, &error);
    if (file_ == nullptr) refuse_gif(error);
    EGifSetGifVersion(file_, true);
    const ColorMap map(GifMakeMapObject(kUnchanged + 1, nullptr));  // black where there are fewer colours
    if (!map) refuse_gif(E_GIF_ERR_NOT_ENOUGH_MEM);
    for (std::size_t i = 0; i < palette.colors().size(); ++i) {
      const std::uint32_t color = palette.colors()[i];
      map->Colors[i] = {.Red = static_cast<GifByteType>(color >> 16U),
                        .Green = static_cast<GifByteType>(color >> 8U & 0xFFU),
                        .Blue = static_cast<GifByteType>(color & 0xFFU)};
    }
    check(EGifPutScreenDesc(file_, width, height, 8, 0, map.get()));
    check(EGifPutExtensionLeader(file_, APPLICATION_EXT_FUNC_CODE));
    check(EGifPutExtensionBlock(file_, 11, "NETSCAPE2.0"));
    constexpr std::array<GifByteType, 3> kForEver = {1, 0, 0};
    check(EGifPutExtensionBlock(file_, static_cast<int>(kForEver.size()), kForEver.data()));
    check(EGifPutExtensionTrailer(file_));
  }
  ~GifWriter() {
    if (file_ != nullptr) EGifCloseFile(file_, nullptr);
  }
  GifWriter(const GifWriter&) = delete;
  GifWriter& operator=(const GifWriter&) = delete;

  /// `before`: the frame that is shown until then, or null.
  void add(const GifFrame& frame, const GifFrame* before, const Palette& palette) {
    const GraphicsControlBlock control{.DisposalMode = DISPOSE_DO_NOT,
                                       .UserInputFlag = false,
                                       .DelayTime = frame.hundredths,
                                       .TransparentColor = before == nullptr ? NO_TRANSPARENT_COLOR : kUnchanged};
    std::array<GifByteType, 4> block{};
    EGifGCBToExtension(&control, block.data());
    check(EGifPutExtension(file_, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(block.size()), block.data()));
    const int width = frame.canvas.width();
    check(EGifPutImageDesc(file_, 0, 0, width, frame.canvas.height(), false, nullptr));
    std::vector<GifPixelType> line(static_cast<std::size_t>(width));
    const std::uint8_t* rgb = frame.canvas.bytes().data();
    const std::uint8_t* shown = before == nullptr ? nullptr : before->canvas.bytes().data();
    for (int y = 0; y < frame.canvas.height(); ++y) {
      for (GifPixelType& pixel : line) {
        const bool unchanged = shown != nullptr && std::equal(rgb, rgb + 3, shown);
        pixel = unchanged ? GifPixelType{kUnchanged} : palette.index(rgb);
        rgb += 3;
        if (shown != nullptr) shown += 3;
      }
      check(EGifPutLine(file_, line.data(), width));
    }
  }

  void finish() {
    int error = 0;
    GifFileType* const file = std::exchange(file_, nullptr);
    if (EGifCloseFile(file, &error) == GIF_ERROR) refuse_gif(error);
  }

 private:
  void check(int result) const {
    if (result == GIF_ERROR) refuse_gif(file_->Error);
  }

  GifFileType* file_ = nullptr;
};

}  // namespace

std::string encode_gif(const std::vector<GifFrame>& frames) {
  if (frames.empty()) raise<ShapeError>("encode_gif", "there is no frame");
  const Canvas& first = frames.front().canvas;
  for (const GifFrame& frame : frames) {
    if (frame.canvas.width() != first.width() || frame.canvas.height() != first.height()) {
      raise<ShapeError>("encode_gif", "the frames differ in size",
                        fmt::format("{} x {} and {} x {} pixels", first.width(), first.height(), frame.canvas.width(),
                                    frame.canvas.height()));
    }
    if (frame.hundredths < 1 || frame.hundredths > std::numeric_limits<std::uint16_t>::max()) {
      raise<ShapeError>("encode_gif", "a frame is shown for 1 to 65535 hundredths of a second",
                        fmt::format("{}", frame.hundredths));
    }
  }
  const Palette palette(frames);
  std::string output;
  GifWriter writer(output, first.width(), first.height(), palette);
  const GifFrame* before = nullptr;
  for (const GifFrame& frame : frames) {
    writer.add(frame, before, palette);
    before = &frame;
  }
  writer.finish();
  return output;
}

}  // namespace headlight
