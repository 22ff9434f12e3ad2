// Compiled with -ffp-contract=off (CMakeLists.txt): the header promises the same numbers everywhere.
#include "core/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>

#include <Random123/philox.h>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{1} << 32;
constexpr double kWordStep = 0x1p-32;

void check_place(const RandomKey& key, std::uint64_t last_block) {
  if (key.step >= kLimit || last_block >= kLimit) {
    raise<ConfigError>("random", "step and block must be below 2^32",
                       "step " + std::to_string(key.step) + ", block " + std::to_string(last_block),
                       "use another stream");
  }
}

std::array<std::uint32_t, 4> philox(const RandomKey& key, std::uint64_t block) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const philox4x32_ctr_t counter = {{low(block), low(key.step), low(key.stream), high(key.stream)}};
  const philox4x32_key_t philox_key = {{low(key.seed), high(key.seed)}};
  const philox4x32_ctr_t words = philox4x32_R(10, counter, philox_key);
  return {words.v[0], words.v[1], words.v[2], words.v[3]};
}

// log(x) = e log 2 + 2 artanh(s), s = (m - 1) / (m + 1), x = m 2^e with m in [1/sqrt 2, sqrt 2): |s| < 0.172, so ten
// terms of the series leave a relative error below 2^-55. x > 0, normal.
double natural_log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & mantissa_mask) | std::bit_cast<std::uint64_t>(1.0));
  if (m >= std::numbers::sqrt2) {
    m /= 2;
    ++exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double series = 0;
  for (int n = 19; n >= 3; n -= 2) series = (series + 1.0 / n) * square;
  return exponent * std::numbers::ln2 + 2 * (s + s * series);
}

struct Direction {
  double cosine;
  double sine;
};

// cos and sin of 2 pi turn, turn in [0, 1). The nearest quarter turn is taken off exactly; what is left is at most
// pi / 4 in size, where the series to power 17 err by less than 2^-53.
Direction direction(double turn) {
  const double quarters = turn * 4;
  const int quadrant = static_cast<int>(quarters + 0.5);
  const double angle = (quarters - quadrant) * (std::numbers::pi / 2);
  const double square = angle * angle;
  double sine = 1;
  double cosine = 1;
  for (int n = 16; n >= 2; n -= 2) {
    sine = 1 - square / (n * (n + 1)) * sine;
    cosine = 1 - square / (n * (n - 1)) * cosine;
  }
  sine *= angle;
  switch (quadrant % 4) {
    case 0:
      return {cosine, sine};
    case 1:
      return {-sine, cosine};
    case 2:
      return {-cosine, -sine};
    default:
      return {sine, -cosine};
  }
}

// Two independent normal numbers; u in (0, 1], turn in [0, 1).
Direction normal_pair(double u, double turn) {
  const double radius = std::sqrt(-2 * natural_log(u));
  const Direction d = direction(turn);
  return {radius * d.cosine, radius * d.sine};
}

// Words drawn at a time, on the stack; even, so that pairs stay together.
constexpr std::size_t kPiece = 256;

void check_words(const RandomKey& key, std::uint64_t first, std::size_t count) {
  if (count == 0) return;
  check_place(key, first / 4);  // first + count cannot wrap after this
  check_place(key, (first + count - 1) / 4);
}

}  // namespace

std::array<std::uint32_t, 4> random_bits(const RandomKey& key, std::uint64_t block) {
  check_place(key, block);
  return philox(key, block);
}

void fill_random_words(std::span<std::uint32_t> words, const RandomKey& key, std::uint64_t first) {
  check_words(key, first, words.size());
  std::size_t i = 0;
  const auto word_by_word = [&](std::size_t end) {
    for (; i < end; ++i) words[i] = philox(key, (first + i) / 4)[(first + i) % 4];
  };
  word_by_word(std::min<std::size_t>(words.size(), (4 - first % 4) % 4));
  const std::uint64_t block = (first + i) / 4;
  const std::size_t blocks = (words.size() - i) / 4;
  std::uint32_t* const out = words.data() + i;
  for (std::size_t n = 0; n < blocks; ++n) {
    const std::array<std::uint32_t, 4> four = philox(key, block + n);
    for (std::size_t j = 0; j < 4; ++j) out[4 * n + j] = four[j];
  }
  i += 4 * blocks;
  word_by_word(words.size());
}

void fill_uniform(std::span<double> values, double low, double high, const RandomKey& key, std::uint64_t first) {
  const double width = high - low;
  if (!(width >= 0) || !std::isfinite(width)) {
    raise<ConfigError>("random uniform", "the range is not one", std::to_string(low) + " to " + std::to_string(high));
  }
  std::array<std::uint32_t, kPiece> words;
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::size_t count = std::min(kPiece, values.size() - begin);
    fill_random_words(std::span(words).first(count), key, first + begin);
    for (std::size_t i = 0; i < count; ++i) {
      const double value = low + width * (words[i] * kWordStep);
      // A wide range can round up to its end.
      values[begin + i] = value < high ? value : std::max(low, std::nextafter(high, low));
    }
  }
}

void fill_normal(std::span<double> values, double mean, double deviation, const RandomKey& key, std::uint64_t first) {
  if (!(deviation >= 0) || !std::isfinite(deviation) || !std::isfinite(mean)) {
    raise<ConfigError>("random normal", "mean or deviation is out of range",
                       "mean " + std::to_string(mean) + ", deviation " + std::to_string(deviation));
  }
  // Whole pairs of words that cover the values asked for.
  const std::uint64_t start = first - first % 2;
  const std::uint64_t end = first + values.size();
  std::array<std::uint32_t, kPiece> words;
  for (std::uint64_t begin = start; begin < end; begin += kPiece) {
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - begin + (end - begin) % 2));
    fill_random_words(std::span(words).first(count), key, begin);
    for (std::size_t i = 0; i < count; i += 2) {
      const Direction pair = normal_pair((words[i] + 1.0) * kWordStep, words[i + 1] * kWordStep);
      const std::uint64_t place = begin + i;
      if (place >= first) values[static_cast<std::size_t>(place - first)] = mean + deviation * pair.cosine;
      if (place + 1 < end) values[static_cast<std::size_t>(place + 1 - first)] = mean + deviation * pair.sine;
    }
  }
}

void Random::refill() {
  words_ = random_bits(key_, block_++);
  used_ = 0;
}

std::uint64_t Random::long_word() {
  const std::uint64_t high = word();
  return high << 32 | word();
}

double Random::uniform() { return static_cast<double>(long_word() >> 11) * 0x1p-53; }

std::uint64_t Random::uniform_below(std::uint64_t count) {
  if (count == 0) raise<ConfigError>("random", "no number is below 0", {}, "give a count of at least 1");
  __extension__ using Wide = unsigned __int128;
  Wide product = Wide{long_word()} * count;
  auto rest = static_cast<std::uint64_t>(product);
  if (rest < count) {
    // Of the 2^64 words, the first 2^64 mod count of each slice are one too many.
    const std::uint64_t surplus = (0 - count) % count;
    while (rest < surplus) {
      product = Wide{long_word()} * count;
      rest = static_cast<std::uint64_t>(product);
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Random::normal() {
  const double u = 1 - uniform();
  return normal_pair(u, uniform()).cosine;
}

}  // namespace headlight
