#include "apps/inspect/head_algebra.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check_norm(const FrozenNorm& norm, std::size_t width) {
  for (const std::optional<Array>& vector : {norm.gain, norm.bias}) {
    if (vector && vector->shape() != Shape{width}) {
      raise<ShapeError>("fold_norm", "the normalisation has another width than the head reads",
                        to_string(vector->shape()) + ", width " + std::to_string(width));
    }
  }
}

/// W diag(gain) (I - 1 1^T / C when centred) in `weight`, and W bias added to `bias`.
void fold(const FrozenNorm& norm, Array& weight, Array& bias) {
  const std::size_t width = weight.shape()[1];
  check_norm(norm, width);
  for (std::size_t row = 0; row < weight.shape()[0]; ++row) {
    Real* const values = weight.data() + row * width;
    double shift = element(bias, row);
    double mean = 0;
    for (std::size_t c = 0; c < width; ++c) {
      if (norm.bias) shift += static_cast<double>(values[c]) * element(*norm.bias, c);
      if (norm.gain) values[c] *= norm.gain->data()[c];
      mean += static_cast<double>(values[c]) / static_cast<double>(width);
    }
    bias.data()[row] = static_cast<Real>(shift);
    if (!norm.centered) continue;
    for (std::size_t c = 0; c < width; ++c) values[c] -= static_cast<Real>(mean);
  }
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// positions W^T + b: (T, D), in double.
std::vector<double> project(const Array& positions, const Array& weight, const Array& bias) {
  const std::size_t width = positions.shape()[1];
  const std::size_t size = weight.shape()[0];
  std::vector<double> projected(positions.shape()[0] * size);
  for (std::size_t t = 0; t < positions.shape()[0]; ++t) {
    for (std::size_t d = 0; d < size; ++d) {
      double sum = element(bias, d);
      for (std::size_t c = 0; c < width; ++c) {
        sum += element(positions, t * width + c) * element(weight, d * width + c);
      }
      projected[t * size + d] = sum;
    }
  }
  return projected;
}

}  // namespace

LowRank qk_circuit(const HeadWeights& head) { return {axes_swapped(head.query, 0, 1), head.key}; }

LowRank ov_circuit(const HeadWeights& head) { return {head.output, head.value}; }

HeadWeights fold_norm(const HeadWeights& head, const FrozenNorm& norm) {
  HeadWeights folded = head;
  fold(norm, folded.query, folded.query_bias);
  fold(norm, folded.key, folded.key_bias);
  fold(norm, folded.value, folded.value_bias);
  return folded;
}

EigenSigns eigen_signs(const LowRank& map) {
  const std::vector<std::complex<Real>> values = eigenvalues(map);
  const double largest = std::abs(std::complex<double>(values.front()));
  constexpr auto kEpsilon = static_cast<double>(std::numeric_limits<Real>::epsilon());
  const double rounding = 10 * static_cast<double>(values.size()) * kEpsilon * largest;
  double sum = 0;
  double magnitudes = 0;
  std::size_t counted = 0;
  std::size_t positive = 0;
  for (const std::complex<Real>& value : values) {
    const std::complex<double> lambda(value);
    sum += lambda.real();  // the imaginary parts cancel: conjugates come in pairs
    magnitudes += std::abs(lambda);
    if (std::abs(lambda) <= rounding) continue;
    ++counted;
    if (lambda.real() > 0) ++positive;
  }
  return {.positive_share = ratio(static_cast<double>(positive), static_cast<double>(counted)),
          .balance = ratio(sum, magnitudes)};
}

EigenSigns copying_score(const HeadWeights& head, const Array& embedding, const Array& unembedding) {
  return eigen_signs(between(unembedding, ov_circuit(head), embedding));
}

CompositionScores composition_scores(const HeadWeights& later, const HeadWeights& earlier) {
  const LowRank qk = qk_circuit(later);
  const LowRank ov = ov_circuit(later);
  const LowRank written = ov_circuit(earlier);
  const double scale = norm(written);
  const double qk_scale = norm(qk) * scale;
  return {.query = ratio(norm(compose(transposed(qk), written)), qk_scale),
          .key = ratio(norm(compose(qk, written)), qk_scale),
          .value = ratio(norm(compose(ov, written)), norm(ov) * scale)};
}

LowRank key_composed_qk(const HeadWeights& later, const HeadWeights& earlier) {
  return compose(qk_circuit(later), ov_circuit(earlier));
}

EigenSigns prefix_matching_score(const HeadWeights& later, const HeadWeights& earlier, const Array& embedding) {
  return eigen_signs(between(embedding, key_composed_qk(later, earlier), embedding));
}

Array positional_attention(const HeadWeights& head, const Array& positions, bool causal) {
  if (positions.dimension() != 2 || positions.shape()[1] != head.query.shape()[1] ||
      positions.shape()[1] != head.key.shape()[1]) {
    raise<ShapeError>("positional_attention", "positions must be (T, C) of the width that the head reads",
                      "positions " + to_string(positions.shape()) + ", query " + to_string(head.query.shape()) +
                          ", key " + to_string(head.key.shape()));
  }
  const std::size_t time = positions.shape()[0];
  const std::size_t size = head.query.shape()[0];
  const std::vector<double> queries = project(positions, head.query, head.query_bias);
  const std::vector<double> keys = project(positions, head.key, head.key_bias);
  Array attention = zeros({time, time});
  std::vector<double> row(time);
  for (std::size_t i = 0; i < time; ++i) {
    const std::size_t visible = causal ? i + 1 : time;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < visible; ++j) {
      double score = 0;
      for (std::size_t d = 0; d < size; ++d) score += queries[i * size + d] * keys[j * size + d];
      row[j] = score / std::sqrt(static_cast<double>(size));
      largest = std::max(largest, row[j]);
    }
    double sum = 0;
    for (std::size_t j = 0; j < visible; ++j) sum += row[j] = std::exp(row[j] - largest);
    for (std::size_t j = 0; j < visible; ++j) attention.data()[i * time + j] = static_cast<Real>(row[j] / sum);
  }
  return attention;
}

double previous_token_score(const HeadWeights& head, const Array& positions, bool causal) {
  const Array attention = positional_attention(head, positions, causal);
  const std::size_t time = attention.shape()[0];
  if (time < 2) {
    raise<ShapeError>("previous_token_score", "there is no position with a previous one", to_string(positions.shape()));
  }
  double sum = 0;
  for (std::size_t i = 1; i < time; ++i) sum += element(attention, i * time + i - 1);
  return sum / static_cast<double>(time - 1);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
