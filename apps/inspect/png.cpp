#include "apps/inspect/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <exception>

#include "core/error.h"

namespace headlight {
namespace {

/// All that the encoder needs. It is made and destroyed by encode_png, outside the frames that longjmp leaves: those
/// hold nothing with a destructor.
struct EncodeJob {
  png_uint_32 width = 0;
  png_uint_32 height = 0;
  std::vector<png_const_bytep> rows;
  std::vector<png_text> texts;
  std::string output;
  std::string error;
};

[[noreturn]] void fail(png_structp png, png_const_charp words) {
  static_cast<EncodeJob*>(png_get_error_ptr(png))->error = words;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void collect(png_structp png, png_bytep data, std::size_t size) {
  // An exception must not pass through libpng's C frames.
  try {
    static_cast<EncodeJob*>(png_get_io_ptr(png))->output.append(reinterpret_cast<const char*>(data), size);
    return;
  } catch (const std::exception&) {
  }
  png_error(png, "no memory for the picture");
}

void flush_nothing(png_structp) {}

/// Runs libpng; false when it failed, with its words in `job.error`.
bool encode(EncodeJob& job, png_structp png, png_infop info) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, &job, collect, flush_nothing);
  png_set_IHDR(png, info, job.width, job.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
               PNG_FILTER_TYPE_BASE);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  png_set_compression_level(png, 9);
  // Flat areas compress better unfiltered.
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
  png_set_text(png, info, job.texts.data(), static_cast<int>(job.texts.size()));
  png_write_info(png, info);
  for (png_const_bytep row : job.rows) png_write_row(png, row);
  png_write_end(png, info);
  return true;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return static_cast<unsigned char>(letter) < 0x80; });
}

}  // namespace

std::string encode_png(const Canvas& canvas, const PngTexts& texts) {
  EncodeJob job;
  job.width = static_cast<png_uint_32>(canvas.width());
  job.height = static_cast<png_uint_32>(canvas.height());
  for (std::size_t row = 0; row < job.height; ++row) job.rows.push_back(canvas.bytes().data() + 3 * row * job.width);
  for (const auto& [keyword, text] : texts) {
    png_text entry{};
    entry.compression = is_ascii(text) ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    // libpng's structure wants pointers to char, but only reads through them.
    entry.key = const_cast<char*>(keyword.c_str());
    entry.text = const_cast<char*>(text.c_str());
    entry.text_length = is_ascii(text) ? text.size() : 0;
    entry.itxt_length = is_ascii(text) ? 0 : text.size();
    job.texts.push_back(entry);
  }
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, fail, ignore_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  const bool done = info != nullptr && encode(job, png, info);
  png_destroy_write_struct(&png, &info);
  if (!done) {
    raise<FileError>("encode_png", "libpng refuses the picture", job.error.empty() ? "no memory" : job.error,
                     "make the picture smaller or its texts plainer");
  }
  return std::move(job.output);
}

}  // namespace headlight
