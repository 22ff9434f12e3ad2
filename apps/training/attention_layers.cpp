#include "apps/training/attention_layers.h"

#include <algorithm>

#include "layers/multi_head_attention.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void collect_attention(const Module& module, std::vector<const MultiHeadAttention*>& found) {
  if (const auto* const attention = dynamic_cast<const MultiHeadAttention*>(&module)) found.push_back(attention);
  for (const auto& child : module.children()) collect_attention(*child.module, found);
}

}  // namespace

const char* name_of(config::AttentionBlock block) {
  switch (block) {
    case config::AttentionBlock::kEncoderSelf:
      return "enc.self";
    case config::AttentionBlock::kDecoderSelf:
      return "dec.self";
    case config::AttentionBlock::kDecoderCross:
      break;
  }
  return "dec.cross";
}

std::vector<const MultiHeadAttention*> attention_layers(const Model& model) {
  std::vector<const MultiHeadAttention*> found;
  collect_attention(model, found);
  return found;
}

std::string block_of(const Model& model, const std::string& path) {
  if (model.arch() == Architecture::encoder || path.starts_with("encoder.")) return "enc.self";
  const std::vector<const MultiHeadAttention*> layers = attention_layers(model);
  const bool cross = std::any_of(layers.begin(), layers.end(), [&](const MultiHeadAttention* layer) {
    return layer->options().cross && layer->path() == path;
  });
  return cross ? "dec.cross" : "dec.self";
}

Mask visible_keys(const Model& model, const MultiHeadAttention& layer) {
  const bool causal = block_of(model, layer.path()) == "dec.self";
  Mask visible = causal ? Mask::causal() : Mask();
  const std::size_t window = layer.options().window;
  if (window != 0) visible = visible & Mask::window(window, causal ? Side::back : Side::both);
  return visible;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
