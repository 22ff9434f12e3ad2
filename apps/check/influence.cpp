#include "apps/check/influence.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr std::uint64_t kWays = 2;  // one change alone may fall on a place where an activation is flat

/// `inputs` with every number of one position changed by 1/2 to 3/2, or its token by another one.
CheckInputs changed(const Probe& probe, const CheckInputs& inputs, Stream stream, std::size_t b, std::size_t t,
                    std::uint64_t way) {
  CheckInputs other = inputs;
  Random random({probe.subject().seed, stream_id("check change"), way});
  const bool input = stream == Stream::input;
  const std::size_t vocabulary = input ? probe.subject().vocabulary : probe.subject().memory_vocabulary;
  if (vocabulary != 0) {
    if (vocabulary < 2) return other;
    std::int32_t& id = (input ? other.ids : other.memory_ids)(b, t);
    const std::uint64_t shift = 1 + (way + random.uniform_below(vocabulary - 1)) % (vocabulary - 1);
    id = static_cast<std::int32_t>((static_cast<std::uint64_t>(id) + shift) % vocabulary);
    return other;
  }
  Tensor& sequence = input ? other.x : other.memory;
  Array values = sequence.value();
  const std::size_t width = values.shape()[2];
  Real* const row = values.data() + (b * values.shape()[1] + t) * width;
  for (std::size_t c = 0; c < width; ++c) {
    const double size = 0.5 + random.uniform();
    row[c] += static_cast<Real>((random.word() & 1U) != 0 ? size : -size);
  }
  sequence = Tensor(std::move(values), true);
  return other;
}

Shape shape_of(const CheckInputs& inputs, Stream stream) {
  const Tokens& ids = stream == Stream::input ? inputs.ids : inputs.memory_ids;
  if (ids.dimension() == 2) return ids.shape();
  return stream == Stream::input ? inputs.x.shape() : inputs.memory.shape();
}

}  // namespace

std::string cross_talk_in(const Influence& seen) {
  for (std::size_t b = 0; b < seen.batch(); ++b) {
    for (std::size_t c = 0; c < seen.batch(); ++c) {
      for (std::size_t q = 0; b != c && q < seen.queries(); ++q) {
        for (std::size_t k = 0; k < seen.keys(); ++k) {
          if (seen.reads(b, q, c, k))
            return fmt::format("output {} of member {} reads input {} of member {}", q, b, k, c);
        }
      }
    }
  }
  return "";
}

Influence measure_influence(const Probe& probe, Module& module, const CheckInputs& inputs, const CheckCall& call,
                            Stream stream, std::size_t queries) {
  const Array before = probe.output(module, inputs, call);
  const Shape sequence = shape_of(inputs, stream);
  Influence influence(sequence[0], queries, sequence[1]);
  const std::size_t row = before.size() / (sequence[0] * queries);
  for (std::size_t c = 0; c < influence.batch(); ++c) {
    for (std::size_t k = 0; k < influence.keys(); ++k) {
      for (std::uint64_t way = 0; way < kWays; ++way) {
        const Array after = probe.output(module, changed(probe, inputs, stream, c, k, way), call);
        if (after.shape() != before.shape()) {
          raise<ShapeError>("check", "the shape of the output depends on the values of the input",
                            to_string(before.shape()) + " and " + to_string(after.shape()));
        }
        for (std::size_t place = 0; place < influence.batch() * queries; ++place) {
          const std::size_t begin = place * row;
          if (std::memcmp(before.data() + begin, after.data() + begin, row * sizeof(Real)) == 0) continue;
          influence.set(place / queries, place % queries, c, k);
        }
      }
    }
  }
  return influence;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
