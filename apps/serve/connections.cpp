#include "apps/serve/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// Repeats a call that a signal has interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool is_ready(int socket, short events, Milliseconds wait) {
  pollfd wanted = {.fd = socket, .events = events, .revents = 0};
  return uninterrupted(
             [&] { return ::poll(&wanted, 1, static_cast<int>(std::max(wait.count(), Milliseconds::rep{0}))); }) > 0;
}

/// The bytes of one connection: read until a deadline, written as long as the peer takes some.
class Connection : public httplib::Stream {
 public:
  Connection(int socket, Milliseconds patience)
      : socket_(socket), patience_(patience), deadline_(Clock::now() + patience) {}

  bool is_readable() const override {
    return next_ < filled_ ||
           is_ready(socket_, POLLIN, std::chrono::duration_cast<Milliseconds>(deadline_ - Clock::now()));
  }

  bool is_writable() const override { return !peer_has_gone() && is_ready(socket_, POLLOUT, patience_); }

  ssize_t read(char* target, std::size_t size) override {
    if (next_ == filled_) {
      if (Clock::now() >= deadline_ || !is_readable()) return -1;
      const ssize_t count = uninterrupted([&] { return ::recv(socket_, buffer_.data(), buffer_.size(), 0); });
      if (count <= 0) return count;
      next_ = 0;
      filled_ = static_cast<std::size_t>(count);
    }
    const std::size_t count = std::min(size, filled_ - next_);
    std::memcpy(target, buffer_.data() + next_, count);
    next_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* source, std::size_t size) override {
    if (!is_writable()) return -1;
    return uninterrupted([&] { return ::send(socket_, source, size, MSG_NOSIGNAL | MSG_DONTWAIT); });
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override { place_of(::getpeername, ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { place_of(::getsockname, ip, port); }
  socket_t socket() const override { return socket_; }

 private:
  bool peer_has_gone() const {
    if (!is_ready(socket_, POLLIN, Milliseconds(0))) return false;
    char byte = 0;
    return uninterrupted([&] { return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT); }) == 0;
  }

  template <class Ask>
  void place_of(Ask ask, std::string& ip, int& port) const {
    sockaddr_in address = {};
    socklen_t size = sizeof address;
    if (ask(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
    std::array<char, INET_ADDRSTRLEN> text = {};
    if (::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) == nullptr) return;
    ip = text.data();
    port = ntohs(address.sin_port);
  }

  int socket_;
  Milliseconds patience_;
  Clock::time_point deadline_;
  std::array<char, 4096> buffer_{};
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace

void Workers::enqueue(std::function<void()> job) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return jobs_.size() < limit_ || ended_; });
  jobs_.push_back(std::move(job));
  if (idle_ < jobs_.size() && threads_.size() < limit_) threads_.emplace_back([this] { work(); });
  lock.unlock();
  changed_.notify_all();
}

void Workers::shutdown() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return !jobs_.empty() || ended_; });
    --idle_;
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    changed_.notify_all();
    job();
    lock.lock();
  }
}

bool PatientServer::process_and_close_socket(socket_t socket) {
  Connection connection(socket, patience_);
  bool closed = false;
  const bool answered = process_request(connection, true, closed, nullptr);
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return answered;
}

}  // namespace headlight
