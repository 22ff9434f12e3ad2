#pragma once

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace headlight {

/// A pool that grows up to a limit. When all threads are busy and as many connections wait, accepting them waits too, so
/// the rest stays with the system.
class Workers : public httplib::TaskQueue {
 public:
  explicit Workers(std::size_t limit) : limit_(limit) {}

  void enqueue(std::function<void()> job) override;
  void shutdown() override;

 private:
  void work();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool ended_ = false;
};

/// A server of one request per connection that gives a peer `patience` for the whole of its request, and as long for each
/// piece of the answer. The library's own limit is for each byte: peers that send one a second would hold all threads.
class PatientServer : public httplib::Server {
 public:
  explicit PatientServer(std::chrono::milliseconds patience) : patience_(patience) {}

 private:
  bool process_and_close_socket(socket_t socket) override;

  std::chrono::milliseconds patience_;
};

}  // namespace headlight
