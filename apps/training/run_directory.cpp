#include "apps/training/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <random>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "core/io/system_error.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLock = "LOCK";
constexpr std::string_view kLatest = "latest";
constexpr std::string_view kConfig = "config.json";
// Everything a run writes: what --force may remove.
constexpr std::array<std::string_view, 8> kFiles = {"attention.png",  "checkpoints", "config.json",
                                                    "overrides.json", "run.json",    "config.source.json",
                                                    "metrics.jsonl",  "train.log"};

bool is_empty_but_for_lock(const fs::path& directory) {
  return std::all_of(fs::directory_iterator(directory), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) { return entry.path().filename() == kLock; });
}

void make_directories(const fs::path& directory) {
  std::error_code fault;
  fs::create_directories(directory, fault);
  if (fault) raise_system_error(directory, "create the directory", fault.value());
}

/// A directory of its own below root/name: no other process can get the same one.
fs::path make_unique_directory(const fs::path& parent) {
  make_directories(parent);
  std::random_device entropy;
  for (;;) {
    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    fs::path path = parent / fmt::format("{:%Y-%m-%dT%H-%M-%S}-{:04x}", fmt::gmtime(now), entropy() & 0xFFFFU);
    std::error_code fault;
    if (fs::create_directory(path, fault)) return path;
    if (fault) raise_system_error(path, "create the directory", fault.value());
  }
}

void refuse_used(const fs::path& directory) {
  raise<ConfigError>(directory.string(), "the run directory is not empty", {},
                     fmt::format("to start over in it: headlight train CONFIG --run-dir {} --force; to keep it: "
                                 "headlight train CONFIG --run-dir ANOTHER",
                                 directory.string()));
}

FileDescriptor locked(const fs::path& directory) {
  const fs::path path = directory / kLock;
  FileDescriptor lock(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666));
  if (lock.get() < 0) raise_system_error(path, "open", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) raise_system_error(path, "lock", errno);
    raise<StateError>(directory.string(), "another process writes into this run directory", {},
                      "wait for it to end, or choose another --run-dir");
  }
  return lock;
}

void remove_run(const fs::path& directory) {
  for (const std::string_view name : kFiles) {
    std::error_code fault;
    fs::remove_all(directory / name, fault);
    if (fault) raise_system_error(directory / name, "remove", fault.value());
  }
}

}  // namespace

RunDirectory::RunDirectory(const RunDirectoryOptions& options) : path_(options.directory) {
  const bool unnamed = path_.empty();
  if (unnamed) {
    path_ = make_unique_directory(options.root / options.name);
  } else if (fs::exists(path_)) {
    if (!fs::is_directory(path_))
      raise<ConfigError>(path_.string(), "it is no directory", {}, "choose another --run-dir");
    if (!options.force && !is_empty_but_for_lock(path_)) refuse_used(path_);
  } else {
    make_directories(path_);
  }
  lock_ = locked(path_);
  // Looked at again under the lock: another process may have used the directory in between.
  if (options.force) {
    remove_run(path_);
  } else if (!is_empty_but_for_lock(path_)) {
    refuse_used(path_);
  }
  remove_stale_temporaries(path_);
  if (unnamed) {
    write_file_atomically(path_.parent_path() / kLatest, path_.filename().string() + "\n");
  }
}

fs::path find_run(const fs::path& given) {
  const auto named_by = [](const fs::path& latest) {
    std::string name = read_file(latest, 4096);
    while (!name.empty() && name.back() == '\n') name.pop_back();
    if (name.empty() || name.find('/') != std::string::npos || name == "..") {
      raise<FileError>(latest.string(), "it does not name a run", "`" + name + "`");
    }
    return latest.parent_path() / name;
  };
  fs::path run = given;
  if (fs::is_regular_file(given) && given.filename() == kLatest) {
    run = named_by(given);
  } else if (!fs::exists(given / kConfig) && fs::is_regular_file(given / kLatest)) {
    run = named_by(given / kLatest);
  }
  if (!fs::exists(run / kConfig)) {
    raise<ConfigError>(given.string(), fs::exists(given) ? "it is no run directory" : "there is no such run directory",
                       {}, "give the directory that `headlight train` printed");
  }
  return run;
}

}  // namespace headlight
