#pragma once

#include <cstdio>
#include <optional>
#include <string>

namespace headlight::bench {

/// PyTorch in a process of its own, answering one measurement at a time, so that both are timed in turns on the same
/// machine in the same minute.
class Peer {
 public:
  /// Starts `python3 script --serve` if Debian's python3 can import torch.
  static std::optional<Peer> start(const std::string& script);

  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&&) = delete;
  ~Peer();

  /// Median milliseconds of a step over some repetitions. Throws StateError when the process answers no number.
  double measure(const std::string& name, std::size_t repetitions);

 private:
  Peer(int pid, std::FILE* to, std::FILE* from) : pid_(pid), to_(to), from_(from) {}

  int pid_;
  std::FILE* to_;
  std::FILE* from_;
};

}  // namespace headlight::bench
