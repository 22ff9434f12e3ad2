#include "apps/export/onnx_sequence.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace headlight {

OnnxValue OnnxSequence::time() {
  if (time_.empty()) {
    const OnnxScope scope(builder_.graph(), extent_);
    OnnxGraph& graph = builder_.graph();
    time_ = graph.node("Gather", {graph.node("Shape", {input_}), graph.integer(1)}, {{"axis", std::int64_t{0}}});
  }
  return time_;
}

OnnxValue OnnxSequence::positions() {
  if (positions_.empty()) {
    const OnnxValue end = time();
    const OnnxScope scope(builder_.graph(), extent_);
    OnnxGraph& graph = builder_.graph();
    positions_ = graph.node("Range", {graph.integer(0), end, graph.integer(1)});
  }
  return positions_;
}

OnnxValue OnnxSequence::distances() {
  if (distances_.empty()) {
    const OnnxValue all = positions();
    const OnnxScope scope(builder_.graph(), extent_);
    distances_ = builder_.difference(builder_.with_axes(all, {0}), builder_.with_axes(all, {1}));
  }
  return distances_;
}

OnnxValue OnnxSequence::real() {
  if (real_.empty()) {
    const OnnxValue all = positions();
    const OnnxScope scope(builder_.graph(), extent_);
    real_ = builder_.graph().node("Less", {builder_.with_axes(all, {0}), builder_.with_axes(lengths_, {1})});
  }
  return real_;
}

OnnxValue OnnxSequence::zero_padding(const OnnxValue& x) {
  if (!padded()) return x;
  const OnnxValue shown = builder_.with_axes(real(), {2});
  return builder_.graph().node("Where", {shown, x, builder_.graph().number(0)});
}

OnnxValue OnnxSequence::visible_to_others() {
  if (!padded()) return {};
  if (real_keys_.empty()) {
    const OnnxValue shown = real();
    const OnnxScope scope(builder_.graph(), extent_);
    real_keys_ = builder_.with_axes(shown, {1, 2});
  }
  return real_keys_;
}

OnnxValue OnnxSequence::visible_to_itself(bool causal, std::size_t window) {
  const auto found = visible_.find({causal, window});
  if (found != visible_.end()) return found->second;
  OnnxGraph& graph = builder_.graph();
  const auto reach = static_cast<std::int64_t>(window);
  std::vector<OnnxValue> rules;
  if (causal || window != 0) {
    const OnnxValue distance = distances();
    const OnnxScope scope(graph, extent_);
    if (causal) rules.push_back(graph.node("LessOrEqual", {distance, graph.integer(0)}));
    if (window != 0) rules.push_back(graph.node("Greater", {distance, graph.integer(-reach)}));
    if (window != 0 && !causal) rules.push_back(graph.node("Less", {distance, graph.integer(reach)}));
  }
  if (padded()) rules.push_back(visible_to_others());
  OnnxValue all;
  const OnnxScope scope(graph, extent_);
  for (const OnnxValue& rule : rules) all = all.empty() ? rule : graph.node("And", {all, rule});
  visible_.emplace(std::make_pair(causal, window), all);
  return all;
}

std::pair<OnnxValue, OnnxValue> OnnxSequence::turns(std::size_t pairs, double base) {
  const auto found = turns_.find({pairs, base});
  if (found != turns_.end()) return found->second;
  std::vector<double> frequencies;
  for (std::size_t i = 0; i < pairs; ++i) {
    frequencies.push_back(std::pow(base, -static_cast<double>(i) / static_cast<double>(pairs)));
  }
  const OnnxValue all = positions();
  const OnnxScope scope(builder_.graph(), extent_);
  OnnxGraph& graph = builder_.graph();
  // In double, as rope() computes them: a float has lost the angle's fraction at long distances.
  const OnnxValue places = builder_.with_axes(builder_.cast(all, onnx::TensorProto::DOUBLE), {1, 2});
  const OnnxValue angles = builder_.product(places, graph.doubles(frequencies, {pairs}));
  const OnnxValue cosines = builder_.cast(graph.node("Cos", {angles}), onnx::TensorProto::FLOAT);
  const OnnxValue sines = builder_.cast(graph.node("Sin", {angles}), onnx::TensorProto::FLOAT);
  return turns_.emplace(std::make_pair(pairs, base), std::make_pair(cosines, sines)).first->second;
}

}  // namespace headlight
