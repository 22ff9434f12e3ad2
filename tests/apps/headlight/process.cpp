#include "tests/apps/headlight/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/core/io/io_testing.h"

namespace headlight::testing {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment)
    : Process(HEADLIGHT_PROGRAM, arguments, environment) {}

Process::Process(const std::string& program, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
  std::string pattern = (std::filesystem::temp_directory_path() / "headlight-cli-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  std::vector<std::string> all = {program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = {"LC_ALL=C.UTF-8", "TERM=dumb"};
  variables.insert(variables.end(), environment.begin(), environment.end());
  const std::vector<char*> argv = pointers(all);
  const std::vector<char*> envp = pointers(variables);
  const std::string out = directory_ + "/out";
  const std::string err = directory_ + "/err";
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), STDERR_FILENO);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Process::signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

std::string Process::err() const {
  const std::string path = directory_ + "/err";
  return std::filesystem::exists(path) && std::filesystem::file_size(path) > 0 ? slurp(path) : "";
}

void Process::wait_for(const std::string& text) const {
  for (int i = 0; i < 3000; ++i) {
    if (err().find(text) != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL("the program never said `" << text << "`, but:\n" << err());
}

Finished Process::finish() {
  int status = 0;
  rusage usage{};
  REQUIRE(::wait4(pid_, &status, 0, &usage) == pid_);
  pid_ = -1;
  const std::string out = directory_ + "/out";
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = std::filesystem::file_size(out) > 0 ? slurp(out) : "",
          .err = err(),
          .peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

Finished run_headlight(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  return Process(arguments, environment).finish();
}

}  // namespace headlight::testing
