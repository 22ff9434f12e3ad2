#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <catch2/catch.hpp>

#include "apps/training/stop_signals.h"

using namespace headlight;

TEST_CASE("The first signal is noted, and the handlers of before come back") {
  {
    const StopSignals signals;
    CHECK(StopSignals::received() == 0);
    raise(SIGTERM);
    CHECK(StopSignals::received() == SIGTERM);
  }
  struct sigaction action = {};
  sigaction(SIGTERM, nullptr, &action);
  CHECK(action.sa_handler != SIG_IGN);
  const StopSignals again;
  CHECK(StopSignals::received() == 0);
}

TEST_CASE("A second signal ends the process at once with 128 and its number") {
  for (const int second : {SIGINT, SIGTERM, SIGHUP}) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const StopSignals signals;
      raise(SIGINT);
      raise(second);
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 128 + second);
  }
}

TEST_CASE("A signal that was ignored before stays ignored") {
  struct sigaction previous = {};
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGHUP, &ignore, &previous);
  {
    const StopSignals signals;
    raise(SIGHUP);
    CHECK(StopSignals::received() == 0);
  }
  sigaction(SIGHUP, &previous, nullptr);
}

TEST_CASE("Signals have their names") {
  CHECK(std::string(signal_name(SIGINT)) == "SIGINT");
  CHECK(std::string(signal_name(SIGHUP)) == "SIGHUP");
  CHECK(std::string(signal_name(SIGTERM)) == "SIGTERM");
  CHECK(std::string(signal_name(SIGUSR1)) == "a signal");
}
