#include "apps/check/study.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct CountingRecorder : AttentionRecorder {
  std::size_t calls = 0;
  void record(const std::string&, const Tensor&, std::size_t) override { ++calls; }
};

/// True when the second axis of the output follows T.
bool follows_time(const Probe& probe, Module& module) {
  const std::size_t length = probe.length();
  const Shape shape = probe.output(module, probe.inputs(), {}).shape();
  if (shape.empty() || shape[0] != probe.batch()) {
    raise<ShapeError>("check", "the first axis of the output is not the batch", to_string(shape),
                      "an output is (B, T, C), or (B, ...) with one answer per sequence");
  }
  if (shape.size() < 2 || shape[1] != length) return false;
  if (length == 1) return shape.size() > 2;
  return probe.output(module, probe.inputs(probe.batch(), length - 1), {}).shape()[1] == length - 1;
}

/// True when every pair that is read satisfies the condition.
template <class Condition>
bool reads_only(const Influence& influence, Condition condition) {
  for (std::size_t b = 0; b < influence.batch(); ++b) {
    for (std::size_t q = 0; q < influence.queries(); ++q) {
      for (std::size_t k = 0; k < influence.keys(); ++k) {
        if (influence.reads(b, q, k) && !condition(q, k)) return false;
      }
    }
  }
  return true;
}

std::vector<bool> composed(const std::vector<bool>& first, const std::vector<bool>& second, std::size_t batch,
                           std::size_t length) {
  std::vector<bool> both(first.size());
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t q = 0; q < length; ++q) {
      for (std::size_t via = 0; via < length; ++via) {
        if (!first[(b * length + q) * length + via]) continue;
        for (std::size_t k = 0; k < length; ++k) {
          if (second[(b * length + via) * length + k]) both[(b * length + q) * length + k] = true;
        }
      }
    }
  }
  return both;
}

}  // namespace

Study::Study(const Probe& from)
    : probe(from),
      module(from.instance()),
      queries(1),
      has_time(follows_time(from, *module)),
      has_dropout(false),
      plain(1, 1, 1),
      reach(Reach::mask),
      causal(from.subject().promises.causal),
      obeys(from.subject().promises.obeys),
      attention_layers(0),
      reach_source("declared") {
  if (has_time) queries = probe.length();
  const CheckInputs inputs = probe.inputs();
  has_dropout = !same_bytes(probe.output(*module, inputs, {.training = true, .step = 1}),
                            probe.output(*module, inputs, {.training = true, .step = 2}));
  plain = measure_influence(probe, *module, inputs, {}, Stream::input, queries);
  const Promises& promises = probe.subject().promises;
  CountingRecorder recorder;
  probe.output(*module, inputs, {.recorder = &recorder});
  attention_layers = promises.attention_layers.value_or(recorder.calls);
  if (promises.reach) {
    reach = *promises.reach;
    return;
  }
  reach_source = "measured";
  if (has_time && reads_only(plain, [](std::size_t q, std::size_t k) { return q == k; })) {
    reach = Reach::position;
  } else if (has_time && probe.length() > 1 && reads_only(plain, [](std::size_t q, std::size_t k) { return k <= q; })) {
    reach = Reach::sequence;
    causal = true;
  }
}

std::vector<bool> Study::promised(const MaskCase& mask) const {
  const std::size_t batch = probe.batch();
  const std::size_t length = probe.length();
  std::vector<bool> step(batch * length * length);
  const auto at = [&](std::size_t b, std::size_t q, std::size_t k) { return (b * length + q) * length + k; };
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t q = 0; q < length; ++q) {
      for (std::size_t k = 0; k < length; ++k) {
        const bool mixes = reach == Reach::sequence || (reach == Reach::mask && mask.visible(b, q, k));
        step[at(b, q, k)] = k == q || (mixes && (!causal || k <= q));
      }
    }
  }
  std::vector<bool> all = step;
  // Without a count, as far as any number of layers reaches: no path is longer than the sequence.
  const std::size_t layers = attention_layers != 0 ? attention_layers : length;
  for (std::size_t i = 1; i < std::min(layers, length); ++i) all = composed(step, all, batch, length);
  if (has_time) return all;
  std::vector<bool> whole(batch * length);
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t k = 0; k < length; ++k) {
      for (std::size_t q = 0; q < length; ++q) {
        if (all[at(b, q, k)] && (mask.name != "padding" || mask.visible(b, 0, q))) whole[b * length + k] = true;
      }
    }
  }
  return whole;
}

std::string Study::describe() const {
  const std::string source = "(" + reach_source + ")";
  if (!has_time) return "one output per sequence, without a time axis";
  switch (reach) {
    case Reach::position:
      return "output t may read input t alone " + source;
    case Reach::sequence:
      return causal ? "output t may read inputs 0 to t, whatever the mask " + source
                    : "every output may read every input, whatever the mask " + source;
    case Reach::mask:
      break;
  }
  const std::string layers = attention_layers == 0 ? ""
                                                   : fmt::format(", over {} attention layer{}", attention_layers,
                                                                 attention_layers == 1 ? "" : "s");
  return reach_source == "measured"
             ? "outputs read other positions (measured), so they must keep to Context::mask" + layers
             : "output t may read what Context::mask lets it see" + layers + (causal ? ", never later inputs " : " ") +
                   source;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
