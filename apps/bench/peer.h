#pragma once

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace headlight::bench {

/// The command that answers for PyTorch on at most `threads` threads; nothing unless Debian's python3 can import torch.
std::optional<std::vector<std::string>> pytorch_command(const std::string& script, std::size_t threads);

/// PyTorch in a process of its own, answering one measurement at a time, so that both are timed in turns on the same
/// machine in the same minute.
class Peer {
 public:
  /// Starts a command (the path of a program and its arguments) that answers each line "CASE REPETITIONS" with a line of
  /// JSON that has "ms". From here on writing to a process that has ended is an error instead of a signal. Nothing when
  /// it cannot be started.
  static std::optional<Peer> start(const std::vector<std::string>& command);

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

/// peer->measure(); when that fails, says why on stderr and ends the process, so that `peer` is empty from then on and
/// the benchmark goes on without it. Nothing without a peer.
std::optional<double> measure_or_drop(std::optional<Peer>& peer, const std::string& name, std::size_t repetitions);

}  // namespace headlight::bench
