#include "apps/bench/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"

extern char** environ;

namespace headlight::bench {
namespace {

// Debian's own interpreter: python3-torch is installed for no other.
constexpr const char* kPython = "/usr/bin/python3";

bool can_import_torch() {
  std::array<const char*, 4> arguments{kPython, "-c", "import torch", nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int pid = 0;
  const int failed = posix_spawn(&pid, kPython, &actions, nullptr, const_cast<char* const*>(arguments.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 1;
  return failed == 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

std::optional<std::vector<std::string>> pytorch_command(const std::string& script, std::size_t threads) {
  if (!can_import_torch()) return std::nullopt;
  return std::vector<std::string>{kPython, script, "--serve", "--threads", std::to_string(threads)};
}

std::optional<Peer> Peer::start(const std::vector<std::string>& command) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> request{};
  std::array<int, 2> answer{};
  if (pipe2(request.data(), O_CLOEXEC) != 0 || pipe2(answer.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, request[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, answer[1], STDOUT_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  int pid = 0;
  const int failed = posix_spawn(&pid, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(request[0]);
  close(answer[1]);
  if (failed == 0) return Peer(pid, fdopen(request[1], "w"), fdopen(answer[0], "r"));
  close(request[1]);
  close(answer[0]);
  return std::nullopt;
}

Peer::Peer(Peer&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      to_(std::exchange(other.to_, nullptr)),
      from_(std::exchange(other.from_, nullptr)) {}

Peer::~Peer() {
  if (pid_ == 0) return;
  static_cast<void>(std::fclose(to_));  // nothing is left to lose
  static_cast<void>(std::fclose(from_));
  waitpid(pid_, nullptr, 0);
}

double Peer::measure(const std::string& name, std::size_t repetitions) {
  std::array<char, 4096> line{};
  const bool asked = std::fprintf(to_, "%s %zu\n", name.c_str(), repetitions) > 0 && std::fflush(to_) == 0;
  if (!asked || std::fgets(line.data(), static_cast<int>(line.size()), from_) == nullptr) {
    raise<StateError>("bench", "the PyTorch process has ended", {}, "run apps/bench/pytorch_step.py " + name);
  }
  const nlohmann::json answer = nlohmann::json::parse(line.data(), nullptr, false);
  if (!answer.is_object() || !answer.contains("ms") || !answer["ms"].is_number()) {
    raise<StateError>("bench", "the PyTorch process gave no time", line.data());
  }
  return answer["ms"].get<double>();
}

std::optional<double> measure_or_drop(std::optional<Peer>& peer, const std::string& name, std::size_t repetitions) {
  if (!peer.has_value()) return std::nullopt;
  try {
    return peer->measure(name, repetitions);
  } catch (const StateError& error) {
    fmt::print(stderr, "{}; going on without PyTorch\n", error.what());
    peer.reset();
    return std::nullopt;
  }
}

}  // namespace headlight::bench
