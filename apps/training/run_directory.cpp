#include "apps/training/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/directory.h"
#include "core/io/system_error.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLock = "LOCK";
constexpr std::string_view kLockText = "headlight\n";  // tells our LOCK from that of another program
constexpr std::string_view kLatest = "latest";
constexpr std::string_view kConfig = "config.json";
constexpr std::uint64_t kLargestRecord = std::uint64_t{1} << 20U;
// Everything a run writes: what --force may remove.
constexpr std::string_view kEvents = "events.out.tfevents.";
constexpr std::array<std::string_view, 14> kRunFiles = {"attention",          "head_stats.jsonl", "probes.json",
                                                        "view.html",          "attention.png",    "checkpoints",
                                                        "config.json",        "overrides.json",   kRunRecordFile,
                                                        "config.source.json", "metrics.jsonl",    "train.log",
                                                        "data.json",          "vocabulary.json"};

bool is_empty_but_for_lock(const fs::path& directory) {
  const std::vector<fs::path> entries = list_directory(directory);
  return std::all_of(entries.begin(), entries.end(), [](const fs::path& entry) { return entry.filename() == kLock; });
}

/// The text of a small regular file; empty when it is none.
std::string text_of(const fs::path& path) {
  std::error_code fault;
  if (!fs::is_regular_file(path, fault) || fs::file_size(path, fault) > kLargestRecord || fault) return {};
  return read_file(path, kLargestRecord);
}

/// Whether `headlight train` has written into the directory: its LOCK or its run.json is there.
bool holds_run(const fs::path& directory) {
  if (text_of(directory / kLock) == kLockText) return true;
  const nlohmann::json record = nlohmann::json::parse(text_of(directory / kRunRecordFile), nullptr, false);
  return record.is_object() && record.contains("format") && record.contains("status");
}

/// A directory of its own below root/name: no other process can get the same one.
fs::path make_unique_directory(const fs::path& parent) {
  std::random_device entropy;
  for (;;) {
    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    fs::path path = parent / fmt::format("{:%Y-%m-%dT%H-%M-%S}-{:04x}", fmt::gmtime(now), entropy() & 0xFFFFU);
    if (make_directories(path)) return path;
  }
}

void refuse_used(const fs::path& directory) {
  if (!holds_run(directory)) {
    raise<ConfigError>(directory.string(), "the directory is not empty and holds no run", {},
                       "nothing was removed; choose another --run-dir");
  }
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

/// Writes our mark into the lock's file, unless something is in it.
void mark(const FileDescriptor& lock, const fs::path& directory) {
  struct stat facts {};
  if (::fstat(lock.get(), &facts) != 0) raise_system_error(directory / kLock, "look at", errno);
  if (facts.st_size != 0) return;
  const ssize_t written = ::pwrite(lock.get(), kLockText.data(), kLockText.size(), 0);
  if (written != static_cast<ssize_t>(kLockText.size())) {
    raise_system_error(directory / kLock, "write", written < 0 ? errno : ENOSPC);
  }
}

void remove_run(const fs::path& directory) {
  for (const fs::path& path : list_directory(directory)) {
    const std::string name = path.filename().string();
    if (std::find(kRunFiles.begin(), kRunFiles.end(), name) == kRunFiles.end() && !name.starts_with(kEvents)) continue;
    std::error_code fault;
    fs::remove_all(path, fault);
    if (fault) raise_system_error(path, "remove", fault.value());
  }
}

}  // namespace

RunDirectory::RunDirectory(const RunDirectoryOptions& options) : path_(options.directory) {
  const bool unnamed = path_.empty();
  if (unnamed) {
    path_ = make_unique_directory(options.root / options.name);
  } else if (const fs::file_type type = entry_type(path_); type != fs::file_type::not_found) {
    if (type != fs::file_type::directory)
      raise<ConfigError>(path_.string(), "it is no directory", {}, "choose another --run-dir");
    if (!is_empty_but_for_lock(path_) && !(options.force && holds_run(path_))) refuse_used(path_);
  } else {
    make_directories(path_);
  }
  lock_ = locked(path_);
  // Looked at again under the lock: another process may have used the directory in between.
  if (!is_empty_but_for_lock(path_)) {
    if (!options.force || !holds_run(path_)) refuse_used(path_);
    remove_run(path_);
  }
  mark(lock_, path_);
  remove_stale_temporaries(path_);
  if (unnamed) {
    write_file_atomically(path_.parent_path() / kLatest, path_.filename().string() + "\n");
  }
}

RunDirectory::RunDirectory(fs::path path, FileDescriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {
  mark(lock_, path_);
  remove_stale_temporaries(path_);
}

RunDirectory RunDirectory::reopen(const fs::path& run) { return {run, locked(run)}; }

bool RunDirectory::is_in_use(const fs::path& run) {
  const FileDescriptor lock(::open((run / kLock).c_str(), O_RDONLY | O_CLOEXEC));
  return lock.get() >= 0 && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
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
  if (entry_type(given) == fs::file_type::regular && given.filename() == kLatest) {
    run = named_by(given);
  } else if (!path_exists(given / kConfig) && entry_type(given / kLatest) == fs::file_type::regular) {
    run = named_by(given / kLatest);
  }
  if (!path_exists(run / kConfig)) {
    raise<ConfigError>(given.string(), path_exists(given) ? "it is no run directory" : "there is no such run directory",
                       {}, "give the directory that `headlight train` printed");
  }
  return run;
}

}  // namespace headlight
