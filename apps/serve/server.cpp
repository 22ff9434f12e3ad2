#include "apps/serve/server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "apps/serve/connections.h"
#include "core/error.h"

namespace headlight {
namespace {

constexpr const char* kAddress = "127.0.0.1";
constexpr auto kHeartbeat = std::chrono::seconds(5);
/// A peer on the same machine has it for its request, and for each piece of the answer.
constexpr auto kPatience = std::chrono::seconds(2);
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kBytes = "application/octet-stream";
constexpr const char* kEvents = "text/event-stream";

/// Answers with bytes that live as long as `owner`. Given piece by piece, they are neither copied nor compressed.
void answer(httplib::Response& response, const char* type, std::string_view bytes, std::shared_ptr<const void> owner) {
  if (bytes.empty()) {
    response.set_content("", type);
    return;
  }
  response.set_content_provider(
      bytes.size(), type,
      [bytes, owner = std::move(owner)](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        constexpr std::size_t kPiece = std::size_t{256} << 10U;
        // The library asks for what a client asks it for, of which some may not exist.
        if (offset >= bytes.size()) return false;
        return sink.write(bytes.data() + offset, std::min({length, kPiece, bytes.size() - offset}));
      });
}

std::string event(const std::string& version, bool changed) {
  return changed ? fmt::format("event: changed\nid: {0}\ndata: {0}\n\n", version) : fmt::format("id: {}\n\n", version);
}

}  // namespace

struct LiveServer::Parts {
  PatientServer server{kPatience};
  std::thread thread{};
  int port = 0;

  std::mutex mutex{};
  std::condition_variable changed{};
  std::shared_ptr<const LiveState> state{};
  std::size_t followers = 0;
  bool ended = false;

  std::shared_ptr<const LiveState> now() {
    const std::lock_guard<std::mutex> lock(mutex);
    return state;
  }

  bool is_own_host(const httplib::Request& request) const {
    const std::string host = request.get_header_value("Host");
    const std::string end = port == 80 ? "" : fmt::format(":{}", port);  // browsers leave out the port that is usual
    return request.get_header_value_count("Host") == 1 && (host == "localhost" + end || host == "127.0.0.1" + end);
  }

  void refuse(httplib::Response& response, int status, const char* reason) const {
    response.status = status;
    response.set_content(std::string(reason) + "\n", "text/plain");
  }

  void send_section(const httplib::Request& request, httplib::Response& response) {
    const std::shared_ptr<const LiveState> shown = now();
    const std::string wanted = request.matches[2];
    std::size_t number = 0;
    const auto [end, fault] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
    const bool own = shown->version.starts_with(request.matches[1].str() + "-");
    const auto found = fault == std::errc() && own ? shown->sections.find(number) : shown->sections.end();
    if (found == shown->sections.end()) {
      refuse(response, 404, "there is no such section any more; load the page again");
      return;
    }
    const LiveSection& section = found->second;
    response.set_header("Cache-Control", "private, max-age=86400, immutable");
    response.set_header("X-Headlight-Crc", section.crc);
    answer(response, kBytes, {reinterpret_cast<const char*>(section.bytes->data()), section.bytes->size()},
           section.bytes);
  }

  /// Tells of changes as they come, or, where too many follow already, of the one since the last time.
  void follow(const httplib::Request& request, httplib::Response& response) {
    std::string seen = request.get_header_value("Last-Event-ID");
    if (seen.empty()) seen = request.get_param_value("since");
    bool stays = false;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stays = followers < kFollowers;
      if (stays) ++followers;
    }
    if (!stays) {
      const std::string version = now()->version;
      response.set_content("retry: 2000\n" + event(version, version != seen), kEvents);
      return;
    }
    response.set_content_provider(
        kEvents,
        [this, seen, greeted = false](std::size_t /*offset*/, httplib::DataSink& sink) mutable {
          std::unique_lock<std::mutex> lock(mutex);
          const auto news = [&] { return ended || state->version != seen; };
          if (greeted) changed.wait_for(lock, kHeartbeat, news);
          const std::string version = state->version;
          const bool over = ended;
          lock.unlock();
          if (over) {
            sink.done();
            return true;
          }
          const std::string text = version != seen ? event(version, true) : ": \n\n";
          const std::string greeting = greeted ? "" : "retry: 1000\n";
          greeted = true;
          seen = version;
          return sink.write((greeting + text).data(), greeting.size() + text.size());
        },
        [this](bool /*whole*/) {
          const std::lock_guard<std::mutex> lock(mutex);
          --followers;
        });
  }

  void set_up() {
    server.new_task_queue = [] { return new Workers(kWorkers); };
    server.set_payload_max_length(0);
    server.set_address_family(AF_INET);
    // Not SO_REUSEPORT, with which two servers would share a port and answer in turns.
    server.set_socket_options([](int socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server.set_default_headers(
        {{"Content-Security-Policy", live_policy() + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
         {"X-Content-Type-Options", "nosniff"},
         {"Cross-Origin-Resource-Policy", "same-origin"},
         {"Referrer-Policy", "no-referrer"}});
    server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (!is_own_host(request)) {
        refuse(response, 421, "this server answers to localhost and 127.0.0.1 with its port alone");
        return httplib::Server::HandlerResponse::Handled;
      }
      if (request.method != "GET" && request.method != "HEAD") {
        response.set_header("Allow", "GET, HEAD");
        refuse(response, 405, "this server is for reading alone");
        return httplib::Server::HandlerResponse::Handled;
      }
      if (request.has_header("Range")) {
        refuse(response, 416, "this server sends whole answers alone");
        return httplib::Server::HandlerResponse::Handled;
      }
      return httplib::Server::HandlerResponse::Unhandled;
    });
    server.set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.has_header("Cache-Control")) response.set_header("Cache-Control", "no-store");
    });
    server.Get("/", [this](const httplib::Request&, httplib::Response& response) {
      const auto shown = now();
      answer(response, kHtml, shown->page, shown);
    });
    server.Get("/manifest", [this](const httplib::Request&, httplib::Response& response) {
      const auto shown = now();
      answer(response, kJson, shown->manifest, shown);
    });
    server.Get("/section/([0-9a-z]+)-([0-9]+)", [this](const httplib::Request& request, httplib::Response& response) {
      send_section(request, response);
    });
    server.Get("/events",
               [this](const httplib::Request& request, httplib::Response& response) { follow(request, response); });
  }
};

LiveServer::LiveServer(int port) : parts_(std::make_unique<Parts>()) {
  parts_->set_up();
  if (port == 0) {
    parts_->port = parts_->server.bind_to_any_port(kAddress);
  } else if (parts_->server.bind_to_port(kAddress, port)) {
    parts_->port = port;
  }
  if (parts_->port <= 0) {
    raise<ConfigError>("headlight serve", fmt::format("port {} cannot be had", port), {},
                       "another program may have it; choose another --port, or 0 for any that is free");
  }
}

LiveServer::~LiveServer() { stop(); }

int LiveServer::port() const { return parts_->port; }

void LiveServer::publish(std::shared_ptr<const LiveState> state) {
  {
    const std::lock_guard<std::mutex> lock(parts_->mutex);
    parts_->state = std::move(state);
  }
  parts_->changed.notify_all();
}

void LiveServer::start() {
  if (!parts_->now()) raise<StateError>("serve", "nothing has been published");
  parts_->thread = std::thread([this] { parts_->server.listen_after_bind(); });
}

void LiveServer::stop() {
  {
    const std::lock_guard<std::mutex> lock(parts_->mutex);
    parts_->ended = true;
  }
  parts_->changed.notify_all();
  if (!parts_->thread.joinable()) return;
  while (!parts_->server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  parts_->server.stop();
  parts_->thread.join();
}

}  // namespace headlight
