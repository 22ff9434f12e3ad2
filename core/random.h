#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

/// Random numbers as a pure function of where they are used: nothing to save, nothing to advance, no order to keep.
///
/// The function is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
/// SC11, section 4; the library Random123). Its 64-bit key is the seed; its 128-bit counter is block, step and both
/// halves of the stream, 32 bits each. Philox is a bijection of the counter under each key, so two different
/// (stream, step, block) of one seed never give the same four words.
///
/// Everything here is computed in double with additions, multiplications, divisions and square roots alone, without
/// fused operations: the numbers are the same with every compiler and C library on machines with IEEE 754 arithmetic.
namespace headlight {

/// The place of a draw. step < 2^32 (an epoch, an update, an example), else the draw throws ConfigError.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  ///< what the numbers are for: stream_id("dropout")
  std::uint64_t step = 0;

  bool operator==(const RandomKey&) const = default;
};

/// A stream from the name of a purpose: FNV-1a with 64 bits (Fowler, Noll & Vo).
constexpr std::uint64_t stream_id(std::string_view name) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x0000'0100'0000'01B3;
  }
  return hash;
}

/// Four independent words of 32 random bits. block < 2^32, else throws ConfigError.
std::array<std::uint32_t, 4> random_bits(const RandomKey& key, std::uint64_t block);

/// words[i] = word (first + i) of the key, which is word n % 4 of block n / 4: the words of an array, in any pieces.
/// Throws ConfigError from word 2^34 on.
void fill_random_words(std::span<std::uint32_t> words, const RandomKey& key, std::uint64_t first = 0);

/// values[i] uniform in [low, high), from word first + i: 2^32 different values.
/// Throws ConfigError unless low <= high and high - low is finite.
void fill_uniform(std::span<double> values, double low, double high, const RandomKey& key, std::uint64_t first = 0);

/// values[i] normal, by Box & Muller 1958: numbers 2 n and 2 n + 1 come from words 2 n and 2 n + 1 and are independent.
/// |value - mean| <= 6.67 deviation. Throws ConfigError unless deviation >= 0 and both are finite.
void fill_normal(std::span<double> values, double mean, double deviation, const RandomKey& key,
                 std::uint64_t first = 0);

/// The draws of one key one after another. A small value: copying it forks the sequence.
class Random {
 public:
  explicit Random(const RandomKey& key) : key_(key) {}

  /// 32 random bits.
  std::uint32_t word() {
    if (used_ == words_.size()) refill();
    return words_[used_++];
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();

  /// Uniform in {0, ..., count - 1}, each exactly as likely. Throws ConfigError when count is 0.
  /// Source: Lemire 2019, "Fast random integer generation in an interval", arXiv:1805.10941, algorithm 5.
  std::uint64_t uniform_below(std::uint64_t count);

  /// Normal with mean 0 and deviation 1.
  double normal();

  /// Puts the values into random order, each order equally likely. Source: Durstenfeld 1964, algorithm 235.
  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      using std::swap;
      swap(values[i - 1], values[static_cast<std::size_t>(uniform_below(i))]);
    }
  }

 private:
  void refill();
  std::uint64_t long_word();

  RandomKey key_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
};

}  // namespace headlight
