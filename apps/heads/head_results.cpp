#include "apps/heads/head_results.h"

#include <fmt/format.h>

#include "apps/heads/captured_run.h"
#include "apps/training/attention_layers.h"
#include "core/error.h"

namespace headlight {

HeadMeans::HeadMeans(const Model& model) : model_(model), hooks_(model) {
  if (hooks_.paths(HookPoint::z).empty()) return;
  hooks_.read("*", HookPoint::z, [this](const std::string& path, const Tensor& z) { add(path, z); });
}

const Hooks& HeadMeans::hooks_for(const Batch& batch) {
  batch_ = &batch;
  return hooks_;
}

void HeadMeans::add(const std::string& path, const Tensor& z) {
  const Shape& shape = z.shape();
  Sum& sum = sums_[path];
  sum.values.resize(shape[1] * shape[3], 0);
  const std::vector<std::size_t> real = real_queries(*batch_, block_of(model_, path));
  for (std::size_t member = 0; member < shape[0]; ++member) {
    sum.positions += real[member];
    for (std::size_t head = 0; head < shape[1]; ++head) {
      const Real* const rows = z.value().data() + (member * shape[1] + head) * shape[2] * shape[3];
      double* const own = sum.values.data() + head * shape[3];
      for (std::size_t i = 0; i < real[member] * shape[3]; ++i) own[i % shape[3]] += static_cast<double>(rows[i]);
    }
  }
}

std::vector<double> HeadMeans::mean(const std::string& path) const {
  const auto found = sums_.find(path);
  if (found == sums_.end()) raise<StateError>("head means", fmt::format("the layer `{}` has not run", path));
  std::vector<double> mean = found->second.values;
  const auto positions = static_cast<double>(std::max<std::size_t>(found->second.positions, 1));
  for (double& value : mean) value /= positions;
  return mean;
}

}  // namespace headlight
