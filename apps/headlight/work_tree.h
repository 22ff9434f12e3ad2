#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "core/io/file.h"

namespace headlight {

/// What git says of a work tree.
struct WorkTree {
  std::string commit{};  ///< the full name of HEAD's commit
  bool dirty = false;    ///< files that git knows differ from it
};

/// Asks git in the background for the work tree in which the program was started. That no git is installed, that it
/// fails or is slow is no error: there is no answer then.
class WorkTreeQuestion {
 public:
  /// Starts git where the current directory lies in a work tree.
  WorkTreeQuestion();
  /// Ends git where it still runs.
  ~WorkTreeQuestion();
  WorkTreeQuestion(const WorkTreeQuestion&) = delete;
  WorkTreeQuestion& operator=(const WorkTreeQuestion&) = delete;

  /// The answer, waited for at most that long. After one without an answer it may be asked for again.
  std::optional<WorkTree> answer(std::chrono::milliseconds wait);

 private:
  void end();

  pid_t git_ = -1;
  FileDescriptor output_;
  std::string text_;  ///< what git has written so far
};

}  // namespace headlight
