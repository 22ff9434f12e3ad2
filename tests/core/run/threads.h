#pragma once

#include <cstddef>

#include "core/parallel.h"

namespace headlight::test {

/// Sets the number of threads until the end of a test case.
class Threads {
 public:
  explicit Threads(std::size_t count) : before_(thread_count()) { set_thread_count(count); }
  ~Threads() { set_thread_count(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  std::size_t before_;
};

}  // namespace headlight::test
