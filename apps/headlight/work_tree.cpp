#include "apps/headlight/work_tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

extern char** environ;

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;

bool in_work_tree() {
  std::error_code fault;
  const std::filesystem::path here = std::filesystem::current_path(fault);
  if (fault) return false;
  for (std::filesystem::path directory = here;; directory = directory.parent_path()) {
    if (std::filesystem::exists(directory / ".git", fault)) return true;
    if (directory == directory.parent_path()) return false;
  }
}

/// The lines of `git status --porcelain=v2 --branch`: headers begin with `#`, each other line is a change. Nothing without
/// a commit: the header says "(initial)" before the first one.
std::optional<WorkTree> work_tree_of(std::string_view text) {
  constexpr std::string_view kCommit = "# branch.oid ";
  WorkTree tree;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(kCommit)) {
      tree.commit = line.substr(kCommit.size());
    } else if (!line.starts_with('#')) {
      tree.dirty = true;
    }
  }
  const bool hexadecimal = tree.commit.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (tree.commit.empty() || !hexadecimal) return std::nullopt;
  return tree;
}

}  // namespace

WorkTreeQuestion::WorkTreeQuestion() {
  if (!in_work_tree()) return;
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return;
  output_ = FileDescriptor(pipe[0]);
  const FileDescriptor input(pipe[1]);
  // It takes no lock of the repository and starts no daemon.
  std::array<std::string, 8> words = {"git",    "--no-optional-locks", "-c",       "core.fsmonitor=false",
                                      "status", "--porcelain=v2",      "--branch", "--untracked-files=no"};
  std::array<char*, words.size() + 1> argv{};
  std::transform(words.begin(), words.end(), argv.begin(), [](std::string& word) { return word.data(); });
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  if (::posix_spawnp(&git_, words[0].c_str(), &actions, nullptr, argv.data(), environ) != 0) git_ = -1;
  posix_spawn_file_actions_destroy(&actions);
}

WorkTreeQuestion::~WorkTreeQuestion() {
  if (git_ <= 0) return;
  ::kill(git_, SIGKILL);
  end();
}

void WorkTreeQuestion::end() {
  int status = 0;
  while (::waitpid(git_, &status, 0) < 0 && errno == EINTR) continue;
  git_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) text_.clear();
}

std::optional<WorkTree> WorkTreeQuestion::answer(std::chrono::milliseconds wait) {
  const Clock::time_point last = Clock::now() + wait;
  while (git_ > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(last - Clock::now()).count();
    pollfd ready{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) <= 0) return std::nullopt;
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count > 0) text_.append(buffer.data(), static_cast<std::size_t>(count));
    if (count == 0) end();
    if (count < 0 && errno != EINTR) return std::nullopt;
  }
  return work_tree_of(text_);
}

}  // namespace headlight
