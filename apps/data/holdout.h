#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace headlight {

/// Which of a file's items are held out, the rest being trained on. Keeps 8 bytes for each item that is drawn.
class Holdout {
 public:
  /// `held` of `total` items, each set of so many as likely (Knuth, The Art of Computer Programming, volume 2,
  /// section 3.4.2, algorithm S). Throws ConfigError that names `key`, which said how many, unless 0 < held < total.
  static Holdout random(std::uint64_t total, std::uint64_t held, std::uint64_t seed, std::string_view key);
  /// The last ones.
  static Holdout tail(std::uint64_t total, std::uint64_t held, std::string_view key);

  std::uint64_t held_count() const { return held_; }
  std::uint64_t kept_count() const { return total_ - held_; }
  /// The item that is number i of those held out, or of the others, in the order of the file.
  std::uint64_t held(std::uint64_t i) const;
  std::uint64_t kept(std::uint64_t i) const;

 private:
  Holdout(std::uint64_t total, std::uint64_t held, std::string_view key);

  std::uint64_t total_;
  std::uint64_t held_;
  std::vector<std::uint64_t> drawn_;  ///< ascending; empty where it is the tail
};

}  // namespace headlight
