// Draws the fonts that Headlight's pictures are lettered with, and writes them as C++: a picture then needs no font
// file where it is made.   Usage: font_generator REGULAR.ttf BOLD.ttf OUTPUT.cpp

#include <fmt/format.h>

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Job {
  const char* name;
  const char* file;
  unsigned pixels;
};

/// Characters by range: printable ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic, and the symbols that labels use.
std::vector<char32_t> characters() {
  const std::vector<std::pair<char32_t, char32_t>> ranges = {{0x20, 0x7E},   {0xA1, 0xAC},   {0xAE, 0x17F},
                                                             {0x391, 0x3A9}, {0x3B1, 0x3C9}, {0x401, 0x401},
                                                             {0x410, 0x44F}, {0x451, 0x451}};
  std::vector<char32_t> codes;
  for (const auto& [first, last] : ranges) {
    for (char32_t code = first; code <= last; ++code) codes.push_back(code);
  }
  for (const char32_t code : U"–—‘’“”†•…′→←↑↓↔⇥∅−∙√∞≈≠≤≥⊕⏎␠░▒▓█■□▲△◌●✓✗⟨⟩\uFFFD") {
    if (code != 0) codes.push_back(code);
  }
  std::sort(codes.begin(), codes.end());  // they are found by bisection
  return codes;
}

/// The character whose picture stands for another's: DejaVu has no symbol for space, but the open box means the same.
char32_t drawn_as(char32_t code) { return code == U'␠' ? U'␣' : code; }

class Library {
 public:
  Library() {
    if (FT_Init_FreeType(&library_) != 0) throw std::runtime_error("FreeType does not start");
  }
  ~Library() { FT_Done_FreeType(library_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  FT_Library get() const { return library_; }

 private:
  FT_Library library_ = nullptr;
};

/// Only heights are fitted to pixels: lines stay sharp, and letters keep their own widths and distances.
constexpr FT_Int32 kLoadFlags = FT_LOAD_TARGET_LIGHT | FT_LOAD_RENDER;

FT_Face open_face(const Library& library, const Job& job) {
  FT_Face face = nullptr;
  if (FT_New_Face(library.get(), job.file, 0, &face) != 0) {
    throw std::runtime_error(fmt::format("{} is not a font that FreeType reads", job.file));
  }
  if (FT_Set_Pixel_Sizes(face, 0, job.pixels) != 0) throw std::runtime_error("the font has no such size");
  return face;
}

int glyph_height(FT_Face face, char32_t code) {
  if (FT_Load_Char(face, code, kLoadFlags) != 0) throw std::runtime_error("a letter cannot be drawn");
  return face->glyph->bitmap_top;
}

std::string glyph_tables(FT_Face face, const Job& job) {
  std::string glyphs;
  std::string coverage;
  std::size_t bytes = 0;
  std::vector<char32_t> drawn;
  for (const char32_t code : characters()) {
    // A font without the character draws nothing: the reader falls back to the character's number.
    if (FT_Get_Char_Index(face, drawn_as(code)) == 0) continue;
    if (FT_Load_Char(face, drawn_as(code), kLoadFlags) != 0) throw std::runtime_error("a letter cannot be drawn");
    const FT_GlyphSlot slot = face->glyph;
    const FT_Bitmap& bitmap = slot->bitmap;
    glyphs += fmt::format("    {{{}, {}, {}, {}, {}, {}, {}}},\n", static_cast<std::uint32_t>(code), slot->bitmap_left,
                          slot->bitmap_top, bitmap.width, bitmap.rows, slot->linearHoriAdvance / 1024, bytes);
    for (unsigned row = 0; row < bitmap.rows; ++row) {
      const unsigned char* pixels = bitmap.buffer + static_cast<std::ptrdiff_t>(row) * bitmap.pitch;
      for (unsigned col = 0; col < bitmap.width; ++col) {
        coverage += fmt::format("{},", pixels[col]);
        if (++bytes % 40 == 0) coverage += '\n';
      }
    }
    drawn.push_back(code);
  }
  std::string kerning;
  std::size_t pairs = 0;
  for (const char32_t left : drawn) {
    for (const char32_t right : drawn) {
      if (left > 0x7E || right > 0x7E) continue;
      FT_Vector shift;
      FT_Get_Kerning(face, FT_Get_Char_Index(face, left), FT_Get_Char_Index(face, right), FT_KERNING_UNFITTED, &shift);
      if (shift.x == 0) continue;
      kerning += fmt::format("    {{{}, {}, {}}},\n", static_cast<std::uint32_t>(left),
                             static_cast<std::uint32_t>(right), shift.x);
      ++pairs;
    }
  }
  return fmt::format(
      "constexpr std::array<Glyph, {1}> {0}Glyphs = {{{{\n{2}}}}};\n"
      "constexpr std::array<KerningPair, {3}> {0}Kerning = {{{{\n{4}}}}};\n"
      "constexpr std::array<std::uint8_t, {5}> {0}Coverage = {{{{\n{6}}}}};\n"
      "constexpr Font {0}Font = {{{7}, {8}, {9}, {10}, {0}Glyphs, {0}Kerning, {0}Coverage}};\n\n",
      job.name, drawn.size(), glyphs, pairs, kerning, bytes, coverage, face->size->metrics.ascender / 64,
      -face->size->metrics.descender / 64, glyph_height(face, U'x'), glyph_height(face, U'H'));
}

void generate(const char* regular, const char* bold, const char* output) {
  const Library library;
  std::string text =
      "// Written by font_generator from DejaVu Sans.\n#include \"apps/inspect/font.h\"\n\n#include <array>\n\n"
      "namespace headlight {\nnamespace {\n\n";
  std::string choice;
  for (const Job& job :
       {Job{"kTitle", bold, 30}, Job{"kText", regular, 20}, Job{"kSmall", regular, 16}, Job{"kTiny", regular, 12}}) {
    FT_Face face = open_face(library, job);
    text += glyph_tables(face, job);
    FT_Done_Face(face);
    choice += fmt::format("    case FontName::{0}: return {0}Font;\n", job.name);
  }
  text += "}  // namespace\n\nconst Font& font(FontName name) {\n  switch (name) {\n" + choice +
          "  }\n  return kTextFont;\n}\n\n}  // namespace headlight\n";
  std::ofstream file(output, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error(fmt::format("{} cannot be written", output));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: font_generator REGULAR.ttf BOLD.ttf OUTPUT.cpp\n", stderr);
    return 2;
  }
  try {
    generate(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "font_generator: %s\n", error.what());
    return 1;
  }
  return 0;
}
