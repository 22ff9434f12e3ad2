// From the third step on a training step takes its arrays from the pool and nearly nothing from the heap.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "autograd/ops/loss.h"
#include "autograd/tensor.h"
#include "core/pool.h"
#include "layers/models/model.h"
#include "optim/adam.h"
#include "optim/clip.h"
#include "optim/schedule.h"
#include "tests/layers/heap_watch.h"

using namespace headlight;
using headlight::testing::heap_is_watched;
using headlight::testing::HeapWatch;

namespace {

/// A model large enough that every activation exceeds 1 KiB, with its optimiser and batches.
class Training {
 public:
  Training(NormPlacement norm, Mask mask, double dropout) : mask_(std::move(mask)) {
    ModelOptions options{.vocabulary = 20,
                         .d_model = 32,
                         .heads = 4,
                         .d_ff = 64,
                         .layers = 2,
                         .max_len = 16,
                         .norm = norm,
                         .positions = Positions::learned};
    options.dropout = {
        .embedding = dropout, .input = dropout, .attention = dropout, .residual = dropout, .feed_forward = dropout};
    Init init(1);
    model_ = std::make_unique<Model>(options, init);
    std::vector<Tensor> parameters;
    for (const NamedParameter& parameter : model_->parameters()) parameters.push_back(parameter.tensor);
    optimizer_ = std::make_unique<Adam>(parameters, AdamOptions{.common = {.weight_decay = 0.01}});
    ids_ = Tokens(Shape{8, 16});
    targets_ = Tokens(Shape{8, 16});
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      ids_.data()[i] = static_cast<std::int32_t>(i * i % 20);
      targets_.data()[i] = static_cast<std::int32_t>(i * 7 % 20);
    }
  }

  /// One step; returns the nodes that its forward pass made.
  std::size_t step() {
    optimizer_->parameters().zero_grad();
    StepRandom random(1, number_);
    const std::size_t nodes_before = live_node_count();
    const Tensor loss = cross_entropy((*model_)(ids_, {.training = true, .random = &random, .mask = mask_}), targets_);
    const std::size_t nodes = live_node_count() - nodes_before;
    loss.backward(Graph::release);
    const double norm = gradient_norm(optimizer_->parameters());
    optimizer_->step(schedule_(number_), clip_scale(norm, 1.0));
    ++number_;
    return nodes;
  }

 private:
  Mask mask_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Adam> optimizer_;
  Schedule schedule_{.kind = ScheduleKind::cosine_times_warmup, .steps = 100, .warmup_steps = 10};
  Tokens ids_;
  Tokens targets_;
  std::uint64_t number_ = 0;
};

void check_steady(const std::string& what, Training& training) {
  INFO(what);
  training.step();
  training.step();
  const PoolStatistics before = pool_statistics();
  for (int i = 0; i < 10; ++i) {
    std::size_t nodes = 0, requests = 0, large = 0, largest = 0;
    {
      const HeapWatch watch;
      nodes = training.step();
      requests = watch.requests();
      large = watch.large_requests();
      largest = watch.largest();
    }
    INFO("step " << i + 3 << ": " << requests << " heap requests for " << nodes << " nodes, the largest of " << largest
                 << " bytes");
    CHECK(nodes > 20);
    if (heap_is_watched()) {
      CHECK(large == 0);
      CHECK(requests < 10 * nodes);
      CHECK(requests > 0);  // nodes and closures: the hook sees them
    }
    const PoolStatistics after = pool_statistics();
    CHECK(after.system_requests == before.system_requests);
    CHECK(after.bytes_held == before.bytes_held);
    CHECK(after.bytes_in_use == before.bytes_in_use);
    if (i == 9) SUCCEED(what << ": " << requests << " heap requests for " << nodes << " nodes, largest " << largest);
  }
  if (!heap_is_watched()) WARN("a sanitizer owns malloc here: heap requests were not counted, only the pool's");
}

}  // namespace

TEST_CASE("the hook counts requests by new, malloc and posix_memalign") {
  if (!heap_is_watched()) {
    WARN("a sanitizer owns malloc here: nothing to check");
    return;
  }
  std::size_t requests = 0, large = 0, largest = 0;
  void* volatile blocks[3] = {};  // volatile: the compiler may leave out a pair of malloc and free
  {
    const HeapWatch watch;
    blocks[0] = operator new(100);
    blocks[1] = std::malloc(2000);
    void* aligned = nullptr;
    if (posix_memalign(&aligned, 64, 3000) == 0) blocks[2] = aligned;
    requests = watch.requests();
    large = watch.large_requests();
    largest = watch.largest();
  }
  operator delete(blocks[0]);
  std::free(blocks[1]);
  std::free(blocks[2]);
  CHECK(requests == 3);
  CHECK(large == 2);
  CHECK(largest == 3000);
}

TEST_CASE("from the third step on training takes no large block from the heap and its memory stays constant") {
  Training plain(NormPlacement::pre, {}, 0);
  check_steady("pre-norm", plain);
  Training masked(NormPlacement::post, Mask::causal() & Mask::padding({16, 3, 16, 9, 1, 16, 16, 4}), 0.1);
  check_steady("post-norm, masked, with dropout", masked);
}
