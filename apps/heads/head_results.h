#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/tasks/batches.h"
#include "layers/hooks.h"
#include "layers/models/model.h"

/// What heads make of what they read: z, before the output projection.
namespace headlight {

/// The mean result of every head over the real positions of batches that ran with hooks().
class HeadMeans {
 public:
  /// The model must outlive this.
  explicit HeadMeans(const Model& model);
  HeadMeans(const HeadMeans&) = delete;
  HeadMeans& operator=(const HeadMeans&) = delete;
  ~HeadMeans() = default;

  /// For runs of this batch, which must live as long as they run.
  const Hooks& hooks_for(const Batch& batch);

  /// (H, Dv) of the attention layer at a path; zeros when no position has been seen. Throws StateError when it has not run.
  std::vector<double> mean(const std::string& path) const;

 private:
  struct Sum {
    std::vector<double> values{};  ///< (H, Dv)
    std::size_t positions = 0;
  };

  void add(const std::string& path, const Tensor& z);

  const Model& model_;
  Hooks hooks_;
  const Batch* batch_ = nullptr;
  std::map<std::string, Sum> sums_{};
};

/// The head results z (B, H, Tq, Dv) with those of one head replaced by `replacement(member, query)`, a pointer to Dv
/// numbers.
template <class Replacement>
Tensor with_head_replaced(const Tensor& z, std::size_t head, Replacement replacement) {
  Array changed = z.value();
  const Shape& shape = z.shape();
  const std::size_t heads = shape[1];
  const std::size_t queries = shape[2];
  const std::size_t size = shape[3];
  for (std::size_t member = 0; member < shape[0]; ++member) {
    Real* const rows = changed.data() + (member * heads + head) * queries * size;
    for (std::size_t query = 0; query < queries; ++query) {
      std::copy_n(replacement(member, query), size, rows + query * size);
    }
  }
  return Tensor(std::move(changed));
}

}  // namespace headlight
