#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace headlight::bench {

/// One training step to be timed: a Transformer with a causal mask, GELU, biases, learned positions and an untied head
/// of 64 classes, under AdamW with clipping.
struct Case {
  std::string_view name;
  std::size_t batch, time, width, heads, layers, feed_forward;
  bool post_norm;

  /// 6 N B T + 12 L B T^2 C floating-point operations, with N the parameters that stand in products (the embedding is
  /// none, the head is one). What a causal mask would spare is not deducted.
  constexpr double flops() const {
    const auto rows = static_cast<double>(batch * time);
    const auto block = static_cast<double>(width * (4 * width + 2 * feed_forward));
    const double parameters = static_cast<double>(layers) * block + static_cast<double>(width) * kVocabulary;
    return 6 * parameters * rows +
           12 * static_cast<double>(layers) * rows * static_cast<double>(time) * static_cast<double>(width);
  }

  static constexpr std::size_t kVocabulary = 64;
};

inline constexpr std::array<Case, 5> kCases{{{"reverse", 128, 16, 32, 1, 1, 64, true},
                                             {"small", 64, 32, 64, 4, 2, 256, false},
                                             {"nano", 12, 64, 128, 4, 4, 512, false},
                                             {"medium", 32, 64, 128, 4, 4, 512, false},
                                             {"large", 16, 128, 256, 8, 4, 1024, false}}};

}  // namespace headlight::bench
