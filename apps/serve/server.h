#pragma once

#include <memory>
#include <string>

#include "apps/serve/live_page.h"

namespace headlight {

/// Answers browsers of this machine with a live page: on 127.0.0.1 alone, to GET and HEAD alone, and from memory alone, so
/// that no path leads to a file. Requests whose Host is another than localhost or 127.0.0.1 with the port are refused: a
/// page of another site cannot read it under a name of its own (DNS rebinding). There are at most kWorkers threads; who
/// comes while all are busy waits, or is turned away by the system.
class LiveServer {
 public:
  static constexpr std::size_t kWorkers = 64;
  /// Connections on which changes are told as they come; further ones are told to ask again.
  static constexpr std::size_t kFollowers = 32;

  /// Takes the port; 0: any that is free. Throws ConfigError when it cannot be had.
  explicit LiveServer(int port);
  /// As stop().
  ~LiveServer();
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  int port() const;

  /// What is answered from now on; pages that follow are told.
  void publish(std::shared_ptr<const LiveState> state);

  /// Begins to answer; something must have been published.
  void start();
  /// Ends all connections and gives the port back.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace headlight
