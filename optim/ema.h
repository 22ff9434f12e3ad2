#pragma once

#include <cstdint>
#include <span>

#include "core/array.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// An exponential moving average of weights: e <- decay e + (1 - decay) theta after every update; the first one sets
/// e = theta. Source: Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging", in the
/// exponential form of Tarvainen & Valpola 2017, arXiv:1703.01780, section 2.
class Ema {
 public:
  /// `size` elements. Throws ConfigError unless 0 <= decay < 1.
  Ema(std::size_t size, double decay);

  /// Takes one more value of the weights into the average.
  void update(std::span<const Real> weights);

  /// How many values are in the average. With none it has no meaning.
  std::uint64_t updates() const { return updates_; }
  void set_updates(std::uint64_t updates) { updates_ = updates; }

  Real* average() { return average_.data(); }
  const Real* average() const { return average_.data(); }

  /// Exchanges average and weights, byte for byte; doing it again restores both. Nothing when the average is empty.
  void swap(std::span<Real> weights);

 private:
  Array average_;
  double decay_;
  std::uint64_t updates_ = 0;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
