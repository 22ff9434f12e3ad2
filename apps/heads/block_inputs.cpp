#include "apps/heads/block_inputs.h"

#include <algorithm>
#include <vector>

namespace headlight {
namespace {

/// The path of what comes last in the encoder of an encoder-decoder.
std::string encoder_end(const Model& model, const Hooks& hooks) {
  const std::vector<std::string>& known = hooks.paths(HookPoint::output);
  constexpr const char* kNorm = "encoder.final_norm";
  if (std::find(known.begin(), known.end(), kNorm) != known.end()) return kNorm;
  const std::vector<std::string> blocks = model.blocks();
  const auto last = std::find_if(blocks.rbegin(), blocks.rend(),
                                 [](const std::string& path) { return path.starts_with("encoder."); });
  return last == blocks.rend() ? "" : *last;
}

}  // namespace

BlockInputs::BlockInputs(const Model& model) : hooks_(model) {
  for (const std::string& block : model.blocks()) {
    hooks_.read(block, HookPoint::input, [this](const std::string& path, const Tensor& input) {
      starts_[path] = {.block = path, .input = input};
    });
  }
  if (model.arch() != Architecture::encoder_decoder) return;
  const std::string end = encoder_end(model, hooks_);
  if (end.empty()) return;
  hooks_.read(end, HookPoint::output, [this](const std::string&, const Tensor& output) { memory_ = output; });
}

void BlockInputs::begin_at(const std::string& path, Context& context) const {
  for (const auto& [block, start] : starts_) {
    if (path != block && !path.starts_with(block + ".")) continue;
    const bool of_decoder = block.starts_with("decoder.");
    if (of_decoder && !memory_.defined()) return;
    context.start = &start;
    if (of_decoder) context.memory = &memory_;
    return;
  }
}

}  // namespace headlight
