#include <algorithm>

#include "apps/config/config.h"

namespace headlight::config {
namespace {

/// A sequence that answers another one, as apps/tasks/sequence_task.h lays it out. Without marks a decoder reads the
/// answer right behind the input, but for its last element.
std::size_t answered(Arch arch, std::size_t source, std::size_t answer, bool marks = true) {
  switch (arch) {
    case Arch::kEncoder:
      return source;
    case Arch::kDecoder:
      return marks ? source + 1 + answer : source + answer - 1;
    case Arch::kEncoderDecoder:
      break;
  }
  return std::max(source, answer + 1);
}

/// The context, then the mark and, with pairs, the key that is asked for.
std::size_t recalled(const RecallConfig& recall, std::size_t length) {
  return length + (recall.variant == RecallVariant::kAssocRecall ? 2 : 1);
}

}  // namespace

std::size_t formal_answer(FormalProblem problem, std::size_t length) {
  switch (problem) {
    case FormalProblem::kReverseString:
    case FormalProblem::kBucketSort:
    case FormalProblem::kOddsFirst:
      return length;
    case FormalProblem::kStack:
      return length + 1;
    case FormalProblem::kDuplicate:
      return 2 * length;
    case FormalProblem::kParity:
    case FormalProblem::kEvenPairs:
    case FormalProblem::kCycleNav:
    case FormalProblem::kMissingDup:
      break;
  }
  return 1;
}

std::size_t needed_positions(const Config& config) {
  const TaskConfig& task = config.task;
  if (reads_files(config)) return task.data.sizes ? task.data.sizes->positions : 0;
  const Arch arch = config.model.arch;
  const std::size_t longest = longest_example(task);
  switch (task.type) {
    case TaskType::kAddition: {
      const std::size_t digits = task.addition.digits;
      return answered(arch, 2 * digits + (task.addition.signs ? 2 : 0), digits + 1, false);
    }
    case TaskType::kCopy:
      // The fixed symbol stands for the begin mark, and there is no end mark.
      if (task.first && arch == Arch::kEncoderDecoder) return longest;
      break;
    case TaskType::kInduction:
      return longest;
    case TaskType::kModular:
      return 3;
    case TaskType::kRecall:
      return recalled(task.recall, longest);
    case TaskType::kMqar:
      return longest;
    case TaskType::kRasp:
      return longest + (has_end_mark(task.rasp.program) ? 2 : 1);
    case TaskType::kFormal:
      return longest + formal_answer(task.formal.problem, longest);
    case TaskType::kLinreg:
      return 2 * longest;
    case TaskType::kSort:
      return answered(arch, longest, longest, !has_one_length(task));
    case TaskType::kReverse:
    case TaskType::kText:
    case TaskType::kLines:
    case TaskType::kJsonl:
      break;
  }
  return answered(arch, longest, longest);
}

}  // namespace headlight::config
