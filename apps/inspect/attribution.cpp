#include "apps/inspect/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/gemm.h"
#include "core/rearrange.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// Batch, time and width of a stream.
struct Extent {
  std::size_t batch;
  std::size_t time;
  std::size_t width;
};

/// Where the row (b, t) of a part begins; parts may lack the outer axes.
const Real* row_of(const ResidualPart& part, const Extent& extent, std::size_t b, std::size_t t) {
  switch (part.value.dimension()) {
    case 1:
      return part.value.data();
    case 2:
      return part.value.data() + t * extent.width;
    default:
      return part.value.data() + (b * extent.time + t) * extent.width;
  }
}

void check_parts(const std::vector<ResidualPart>& parts, const Extent& extent) {
  const Shape whole{extent.batch, extent.time, extent.width};
  for (const ResidualPart& part : parts) {
    const Shape& shape = part.value.shape();
    const std::size_t rank = shape.size();
    if (rank >= 1 && rank <= 3 &&
        std::equal(shape.begin(), shape.end(), whole.end() - static_cast<std::ptrdiff_t>(rank))) {
      continue;
    }
    raise<ShapeError>("attribute_logits", fmt::format("the part `{}` does not fit the stream", part.name),
                      to_string(shape) + ", stream " + to_string(whole), "(B, T, C), (T, C) or (C) is needed");
  }
}

void check_vector(const std::optional<Array>& a, std::size_t size, std::string_view name) {
  if (!a || a->shape() == Shape{size}) return;
  raise<ShapeError>("attribute_logits", fmt::format("{} does not fit", name),
                    fmt::format("{} instead of ({})", to_string(a->shape()), size));
}

std::size_t class_of(std::int32_t id, std::size_t classes) {
  if (id >= 0 && static_cast<std::size_t>(id) < classes) return static_cast<std::size_t>(id);
  raise<ShapeError>("attribute_logits", "a target is no class", fmt::format("{} of {} classes", id, classes));
}

/// The whole stream's row in double.
std::vector<double> sum_rows(const std::vector<ResidualPart>& parts, const Extent& extent, std::size_t b,
                             std::size_t t) {
  std::vector<double> sum(extent.width, 0);
  for (const ResidualPart& part : parts) {
    const Real* const row = row_of(part, extent, b, t);
    for (std::size_t c = 0; c < extent.width; ++c) sum[c] += static_cast<double>(row[c]);
  }
  return sum;
}

/// sqrt(mean square of x or of x - mean + eps).
double scale_of(const std::vector<double>& x, const FrozenNorm& norm) {
  double mean = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  if (!norm.centered) mean = 0;
  double square = 0;
  for (const double value : x) square += (value - mean) * (value - mean) / static_cast<double>(x.size());
  return std::sqrt(square + norm.eps);
}

/// The gradient of the target's logit by the stream, at a fixed scale: gain * direction / scale, minus its mean, since
/// sum_c g_c (p_c - mean(p)) = sum_c (g_c - mean(g)) p_c.
std::vector<double> through_norm(std::vector<double> direction, const FrozenNorm& norm, double scale) {
  double mean = 0;
  for (std::size_t c = 0; c < direction.size(); ++c) {
    if (norm.gain) direction[c] *= element(*norm.gain, c);
    direction[c] /= scale;
    mean += direction[c] / static_cast<double>(direction.size());
  }
  if (norm.centered) {
    for (double& value : direction) value -= mean;
  }
  return direction;
}

}  // namespace

Array head_contributions(const Array& heads, const Array& output_weight, const HeadLayout& layout) {
  const bool fits = heads.dimension() == 3 && output_weight.dimension() == 2 && layout.heads > 0 &&
                    heads.shape()[2] % layout.heads == 0 &&
                    output_weight.shape()[1] == heads.shape()[2] / (layout.sum_heads ? layout.heads : 1);
  if (!fits) {
    raise<ShapeError>("head_contributions", "the heads' results do not fit the output projection",
                      fmt::format("results {}, weight {}, {} heads{}", to_string(heads.shape()),
                                  to_string(output_weight.shape()), layout.heads, layout.sum_heads ? " summed" : ""),
                      "(B, T, H Dv) and (C, H Dv), or (C, Dv) for summed heads, are needed");
  }
  const std::size_t batch = heads.shape()[0];
  const std::size_t time = heads.shape()[1];
  const std::size_t width = output_weight.shape()[0];
  const std::size_t stride = heads.shape()[2];
  const std::size_t size = stride / layout.heads;
  Array contributions = uninitialized({batch, layout.heads, time, width});
  for (std::size_t head = 0; head < layout.heads; ++head) {
    const ConstMatrix z{heads.data() + head * size, time, size, stride};
    const ConstMatrix weight{output_weight.data() + (layout.sum_heads ? 0 : head * size), size, width,
                             output_weight.shape()[1], true};
    const Matrix result{contributions.data() + head * time * width, time, width, width};
    batched_gemm(batch, 1, z, time * stride, weight, 0, 0, result, layout.heads * time * width);
  }
  return contributions;
}

std::vector<ResidualPart> attention_parts(const std::string& path, const Array& contributions,
                                          const std::optional<Array>& output_bias) {
  if (contributions.dimension() != 4) {
    raise<ShapeError>("attention_parts", "contributions must be (B, H, T, C)", to_string(contributions.shape()));
  }
  const std::size_t batch = contributions.shape()[0];
  const std::size_t heads = contributions.shape()[1];
  const std::size_t block = contributions.shape()[2] * contributions.shape()[3];
  std::vector<ResidualPart> parts;
  for (std::size_t head = 0; head < heads; ++head) {
    Array part = uninitialized({batch, contributions.shape()[2], contributions.shape()[3]});
    copy_blocks(contributions.data() + head * block, heads * block, part.data(), block, {batch, block});
    parts.push_back({fmt::format("{}.head.{}", path, head), std::move(part)});
  }
  if (output_bias) parts.push_back({path + ".output.bias", *output_bias});
  return parts;
}

LogitAttribution attribute_logits(const std::vector<ResidualPart>& parts, const std::optional<FrozenNorm>& final_norm,
                                  const Unembedding& unembedding, const Tokens& targets, const Tokens* instead) {
  if (targets.dimension() != 2 || unembedding.weight.dimension() != 2 ||
      (instead != nullptr && instead->shape() != targets.shape())) {
    raise<ShapeError>("attribute_logits", "targets must be (B, T) and the unembedding (V, C)",
                      fmt::format("targets {}, instead {}, unembedding {}", to_string(Shape(targets.shape())),
                                  instead != nullptr ? to_string(Shape(instead->shape())) : "none",
                                  to_string(unembedding.weight.shape())));
  }
  const std::size_t classes = unembedding.weight.shape()[0];
  const Extent extent{targets.shape()[0], targets.shape()[1], unembedding.weight.shape()[1]};
  check_parts(parts, extent);
  check_vector(unembedding.bias, classes, "the head's bias");
  LogitAttribution result;
  for (const ResidualPart& part : parts) result.parts.push_back(part.name);
  const bool norm_bias = final_norm && final_norm->bias;
  if (final_norm) {
    check_vector(final_norm->gain, extent.width, "the final normalisation's gain");
    check_vector(final_norm->bias, extent.width, "the final normalisation's bias");
  }
  if (norm_bias) result.parts.emplace_back("final_norm.bias");
  if (unembedding.bias) result.parts.emplace_back("head.bias");
  const std::size_t count = result.parts.size();
  result.contributions = zeros({extent.batch, extent.time, count});
  result.logits = zeros({extent.batch, extent.time});

  for (std::size_t row = 0; row < extent.batch * extent.time; ++row) {
    if (targets.data()[row] < 0) continue;
    const std::size_t target = class_of(targets.data()[row], classes);
    const bool difference = instead != nullptr;
    const std::size_t other = difference ? class_of(instead->data()[row], classes) : 0;
    std::vector<double> direction(extent.width);
    for (std::size_t c = 0; c < extent.width; ++c) {
      direction[c] = element(unembedding.weight, target * extent.width + c) -
                     (difference ? element(unembedding.weight, other * extent.width + c) : 0);
    }
    double logit = 0;
    std::size_t place = row * count;
    const auto add = [&](double contribution) {
      result.contributions.data()[place++] = static_cast<Real>(contribution);
      logit += contribution;
    };
    const auto dot_direction = [&](const std::vector<double>& by, const Real* values) {
      double sum = 0;
      for (std::size_t c = 0; c < extent.width; ++c) sum += by[c] * static_cast<double>(values[c]);
      return sum;
    };
    const std::size_t b = row / extent.time;
    const std::size_t t = row % extent.time;
    const std::vector<double> gradient =
        final_norm ? through_norm(direction, *final_norm, scale_of(sum_rows(parts, extent, b, t), *final_norm))
                   : direction;
    for (const ResidualPart& part : parts) add(dot_direction(gradient, row_of(part, extent, b, t)));
    if (norm_bias) add(dot_direction(direction, final_norm->bias->data()));
    if (unembedding.bias) {
      add(element(*unembedding.bias, target) - (difference ? element(*unembedding.bias, other) : 0));
    }
    result.logits.data()[row] = static_cast<Real>(logit);
  }
  return result;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
