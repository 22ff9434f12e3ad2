#include <algorithm>

#include "apps/config/config.h"

namespace headlight::config {
namespace {

/// A sequence that answers another one, as apps/tasks/sequence_task.h lays it out.
std::size_t answered(Arch arch, std::size_t source, std::size_t answer) {
  switch (arch) {
    case Arch::kEncoder:
      return source;
    case Arch::kDecoder:
      return source + 1 + answer;
    case Arch::kEncoderDecoder:
      break;
  }
  return std::max(source, answer + 1);
}

}  // namespace

std::size_t needed_positions(const Config& config) {
  const TaskConfig& task = config.task;
  std::size_t longest = task.length.max;
  for (const std::uint64_t length : task.eval.lengths) longest = std::max<std::size_t>(longest, length);
  switch (task.type) {
    case TaskType::kReverse:
      break;
  }
  return answered(config.model.arch, longest, longest);
}

}  // namespace headlight::config
