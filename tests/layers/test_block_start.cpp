// A run that begins inside a model: it ends with the bytes of the whole run, and computes nothing before its block.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/scopes.h"
#include "core/error.h"
#include "layers/hooks.h"
#include "layers/key_value_cache.h"
#include "layers/models/model.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::tokens;

namespace {

Model model_of(Architecture arch, Init& init) {
  return Model(ModelOptions{.arch = arch, .vocabulary = 5, .d_model = 8, .heads = 2, .layers = 3, .max_len = 4}, init);
}

/// What each block reads, and in which order they run.
struct Notes {
  std::vector<std::string> order{};
  std::vector<BlockStart> starts{};
  Tensor memory{};

  Hooks hooks(const Model& model) {
    Hooks hooks(model);
    for (const std::string& block : model.blocks()) {
      hooks.read(block, HookPoint::input, [this](const std::string& path, const Tensor& input) {
        order.push_back(path);
        starts.push_back({.block = path, .input = input});
      });
    }
    if (model.arch() == Architecture::encoder_decoder) {
      hooks.read("encoder.final_norm", HookPoint::output,
                 [this](const std::string&, const Tensor& output) { memory = output; });
    }
    return hooks;
  }
};

}  // namespace

TEST_CASE("A run from a block on gives the bytes of the whole run, in every architecture") {
  const Tokens ids = tokens({2, 4}, {0, 1, 2, 3, 4, 3, 2, 1});
  const Tokens target = tokens({2, 3}, {4, 0, 1, 2, 2, 3});
  for (const Architecture arch : {Architecture::encoder, Architecture::decoder, Architecture::encoder_decoder}) {
    const NoGrad no_grad;
    Init init(7);
    Model model = model_of(arch, init);
    const Mask padding = Mask::padding({4, 3});
    const auto run = [&](const Context& given) {
      Context context = given;
      if (arch != Architecture::encoder_decoder) {
        context.mask = padding;
        return model(ids, context).value();
      }
      context.memory_mask = padding;
      return model(ids, target, context).value();
    };
    Notes whole;
    const Hooks watching = whole.hooks(model);
    const Array answers = run({.hooks = &watching});
    const std::vector<std::string> blocks = model.blocks();
    CHECK(blocks.size() == (arch == Architecture::encoder_decoder ? 6 : 3));
    CHECK(whole.order == blocks);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      INFO(blocks[i]);
      Notes part;
      const Hooks counting = part.hooks(model);
      const Array again = run({.memory = &whole.memory, .hooks = &counting, .start = &whole.starts[i]});
      CHECK(same_bytes(again, answers));
      CHECK(part.order == std::vector<std::string>(blocks.begin() + static_cast<std::ptrdiff_t>(i), blocks.end()));
    }
  }
}

TEST_CASE("A run does not start where it cannot") {
  const Tokens ids = tokens({1, 2}, {0, 1});
  Init init(7);
  Model decoder = model_of(Architecture::decoder, init);
  const BlockStart nowhere{.block = "layers.7", .input = Tensor(zeros({1, 2, 8}))};
  CHECK_THROWS_WITH(decoder(ids, {.start = &nowhere}),
                    Catch::Contains("no block `layers.7`") && Catch::Contains("`layers.0`, `layers.1`, `layers.2`"));
  const BlockStart second{.block = "layers.1", .input = Tensor(zeros({1, 2, 8}))};
  KeyValueCache cache;
  CHECK_THROWS_AS(decoder(ids, {.cache = &cache, .start = &second}), StateError);
  Model both = model_of(Architecture::encoder_decoder, init);
  const BlockStart inside{.block = "decoder.layers.1", .input = Tensor(zeros({1, 2, 8}))};
  CHECK_THROWS_WITH(both(ids, ids, {.start = &inside}), Catch::Contains("Context::memory is null"));
}
