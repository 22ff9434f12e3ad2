// Who is answered, with what, and what many connections at once do. Requests are written by hand.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/serve/server.h"
#include "core/error.h"
#include "core/io/file.h"

using namespace headlight;
using Catch::Contains;
using Catch::StartsWith;

namespace {

FileDescriptor connected(int port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(socket.get() >= 0);
  const timeval patience = {.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

void send_text(const FileDescriptor& socket, const std::string& text) {
  REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// What comes until `end` is in it, or, without one, until the server closes.
std::string received(const FileDescriptor& socket, const std::string& end = {}) {
  std::string text;
  std::array<char, 65536> buffer;
  while (end.empty() || text.find(end) == std::string::npos) {
    const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

ViewRun run_with(std::size_t points) {
  ViewRun run;
  run.name = "live";
  run.scalars = {{.split = "train", .name = "loss"}};
  for (std::size_t i = 0; i < points; ++i) {
    run.scalars[0].steps.push_back(static_cast<double>(i));
    run.scalars[0].values.push_back(1);
  }
  return run;
}

/// A server with a page.
struct Served {
  LivePage page{"abc", "headlight test"};
  LiveServer server{0};

  Served() {
    server.publish(page.draw(run_with(2), "now"));
    server.start();
  }
  std::string host() const { return fmt::format("127.0.0.1:{}", server.port()); }
  std::string ask(const std::string& method, const std::string& path, const std::string& host_header) const {
    const FileDescriptor socket = connected(server.port());
    send_text(socket,
              method + " " + path + " HTTP/1.1\r\nHost: " + host_header + "\r\nAccept-Encoding: gzip, br\r\n\r\n");
    return received(socket);
  }
  std::string get(const std::string& path) const { return ask("GET", path, host()); }
};

}  // namespace

TEST_CASE("The page, its manifest and its sections are served with a strict policy, from memory") {
  const Served served;
  const std::string page = served.get("/");
  CHECK_THAT(page, StartsWith("HTTP/1.1 200 OK"));
  CHECK_THAT(page, Contains("Content-Type: text/html; charset=utf-8") && Contains("hl-manifest"));
  CHECK_THAT(page, Contains("Content-Security-Policy: default-src 'none'") && Contains("connect-src 'self'") &&
                       Contains("frame-ancestors 'none'"));
  CHECK_THAT(page, Contains("X-Content-Type-Options: nosniff") && Contains("Cache-Control: no-store"));
  const std::string manifest = served.get("/manifest");
  CHECK_THAT(manifest, Contains("Content-Type: application/json") && Contains("Cache-Control: no-store") &&
                           Contains("\"headlight.view/1\""));
  const std::string section = served.get("/section/abc-0");
  CHECK_THAT(section, Contains("Content-Length: 32") && Contains("immutable"));
  const std::string bytes = section.substr(section.find("\r\n\r\n") + 4);
  REQUIRE(bytes.size() == 32);
  CHECK_THAT(section, Contains("X-Headlight-Crc: " + crc_text(std::as_bytes(std::span(bytes)))));
  const std::string head = served.ask("HEAD", "/", served.host());
  CHECK_THAT(head, StartsWith("HTTP/1.1 200") && Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("Nothing else is there, no file least of all") {
  const Served served;
  for (const char* path : {"/section/abc-99", "/section/abd-0", "/section/abc-99999999999999999999999", "/section/abc-",
                           "/etc/passwd", "/../../../../etc/passwd", "/section/..%2f..%2fetc%2fpasswd", "//etc/passwd",
                           "/metrics.jsonl", "/%00", "/manifest/"}) {
    INFO(path);
    CHECK_THAT(served.get(path), StartsWith("HTTP/1.1 404"));
  }
}

TEST_CASE("Parts of an answer are refused, so that none is asked for that does not exist") {
  const Served served;
  for (const char* range : {"bytes=0-99999999", "bytes=200000-300000", "bytes=0-0,200000-300000", "bytes=0-0,31-",
                            "bytes=32-", "bytes=-99999999", "bytes=5-2", "lines=1-2"}) {
    INFO(range);
    for (const char* path : {"/", "/manifest", "/section/abc-0"}) {
      const std::string answer = served.ask("GET", path, served.host() + "\r\nRange: " + range);
      CHECK_THAT(answer, StartsWith("HTTP/1.1 416"));
      CHECK(answer.size() < 2000);
    }
  }
}

TEST_CASE("Other hosts and other methods are refused") {
  const Served served;
  const int port = served.server.port();
  CHECK_THAT(served.ask("GET", "/", fmt::format("localhost:{}", port)), StartsWith("HTTP/1.1 200"));
  for (const std::string& host :
       {std::string("evil.example"), fmt::format("evil.example:{}", port), std::string("localhost"),
        fmt::format("localhost:{}", port + 1), fmt::format("localhost:{}.evil.example", port), std::string()}) {
    INFO(host);
    CHECK_THAT(served.ask("GET", "/manifest", host), StartsWith("HTTP/1.1 421") && !Contains("headlight.view"));
  }
  const FileDescriptor twice = connected(port);
  send_text(twice, "GET / HTTP/1.1\r\nHost: " + served.host() + "\r\nHost: evil.example\r\n\r\n");
  CHECK_THAT(received(twice), StartsWith("HTTP/1.1 421"));
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    INFO(method);
    CHECK_THAT(served.ask(method, "/", served.host()), StartsWith("HTTP/1.1 405") && Contains("Allow: GET, HEAD"));
  }
  const FileDescriptor nonsense = connected(port);
  send_text(nonsense, std::string(300, '\xff') + "\r\n\r\n");
  CHECK_THAT(received(nonsense), StartsWith("HTTP/1.1 400"));
}

TEST_CASE("Pages that follow are told of a change, also of one that came while they were away") {
  Served served;
  const FileDescriptor follower = connected(served.server.port());
  send_text(follower, "GET /events?since=abc-1 HTTP/1.1\r\nHost: " + served.host() + "\r\n\r\n");
  const std::string greeting = received(follower, "retry: 1000\n");
  CHECK_THAT(greeting, StartsWith("HTTP/1.1 200") && Contains("text/event-stream") && !Contains("event: changed"));
  served.server.publish(served.page.draw(run_with(3), "now"));
  CHECK_THAT(received(follower, "data: abc-2\n\n"), Contains("event: changed\nid: abc-2\n"));

  const FileDescriptor late = connected(served.server.port());
  send_text(late, "GET /events?since=abc-1 HTTP/1.1\r\nHost: " + served.host() + "\r\n\r\n");
  CHECK_THAT(received(late, "data: abc-2\n\n"), Contains("event: changed"));
  const FileDescriptor back = connected(served.server.port());
  send_text(back, "GET /events?since=abc-1 HTTP/1.1\r\nHost: " + served.host() + "\r\nLast-Event-ID: abc-2\r\n\r\n");
  CHECK_THAT(received(back, "retry: 1000\n"), !Contains("event: changed"));
  served.server.stop();
  CHECK_THAT(received(follower), !Contains("event:"));
}

TEST_CASE("More followers than there is room for are told once, and to ask again") {
  const Served served;
  std::vector<FileDescriptor> followers;
  for (std::size_t i = 0; i < LiveServer::kFollowers; ++i) {
    followers.push_back(connected(served.server.port()));
    send_text(followers.back(), "GET /events?since=abc-1 HTTP/1.1\r\nHost: " + served.host() + "\r\n\r\n");
    CHECK_THAT(received(followers.back(), "retry: 1000\n"), Contains("retry: 1000"));
  }
  CHECK_THAT(served.get("/events?since=abc-0"), Contains("retry: 2000") && Contains("event: changed"));
  CHECK_THAT(served.get("/events?since=abc-1"), Contains("retry: 2000") && !Contains("event: changed"));
  CHECK_THAT(served.get("/"), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("A thousand connections do no harm: the server answers behind them") {
  const Served served;
  {
    std::vector<FileDescriptor> idle;
    for (int i = 0; i < 1000; ++i) {
      FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (socket.get() < 0) break;  // the process may open no more
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(served.server.port()));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      static_cast<void>(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
      idle.push_back(std::move(socket));
    }
    CHECK(idle.size() >= 500);
  }
  CHECK_THAT(served.get("/manifest"), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("Peers that send a byte now and then do not keep others out: a request has to be there in time") {
  const Served served;
  std::vector<FileDescriptor> slow;
  for (std::size_t i = 0; i < LiveServer::kWorkers + 4; ++i) {
    slow.push_back(connected(served.server.port()));
    send_text(slow.back(), "GET / HTTP/1.1\r\nX-Slow: ");
  }
  std::atomic<bool> answered = false;
  std::thread drip([&] {
    while (!answered) {
      for (const FileDescriptor& socket : slow) ::send(socket.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  const std::string answer = served.get("/manifest");
  answered = true;
  drip.join();
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_CASE("A port that another program has is refused, and nothing is served before it is published") {
  const Served served;
  try {
    const LiveServer second(served.server.port());
    FAIL("two servers have one port");
  } catch (const ConfigError& error) {
    CHECK_THAT(error.what(), Contains(std::to_string(served.server.port())) && Contains("--port"));
  }
  LiveServer empty(0);
  CHECK_THROWS_AS(empty.start(), StateError);
}
