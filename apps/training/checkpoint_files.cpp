#include "apps/training/checkpoint_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include <nlohmann/json.hpp>

#include "apps/training/json_file.h"
#include "core/error.h"
#include "core/io/digest.h"
#include "core/io/directory.h"
#include "core/io/file.h"
#include "core/io/system_error.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "checkpoints";
constexpr std::string_view kLast = "last.txt";
constexpr std::string_view kBest = "best.txt";
constexpr std::string_view kDone = "DONE";
constexpr std::string_view kPrefix = "step-";
constexpr std::array kCheckedFiles = {kModelFile, kOptimizerFile, kStateFile};

template <class Integer>
std::optional<Integer> whole_number(std::string_view text) {
  Integer value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string directory_name(std::uint64_t step) { return fmt::format("{}{:08}", kPrefix, step); }

/// The step of a directory's name; nothing unless it is exactly as we write it.
std::optional<std::uint64_t> step_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto step = whole_number<std::uint64_t>(name.substr(kPrefix.size()));
  if (!step || directory_name(*step) != name) return std::nullopt;
  return step;
}

/// All checkpoint directories of a run, complete or not.
std::vector<std::uint64_t> all_steps(const fs::path& folder) {
  std::vector<std::uint64_t> steps;
  if (!path_exists(folder)) return steps;
  for (const fs::path& path : list_directory(folder)) {
    const auto step = step_of(path.filename().native());
    if (step && entry_type(path) == fs::file_type::directory) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

/// The step of the checkpoint that a text file such as last.txt names; nothing when there is no such file.
std::optional<std::uint64_t> named_step(const fs::path& file) {
  if (!path_exists(file)) return std::nullopt;
  std::string name = read_file(file, 256);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  const std::optional<std::uint64_t> step = step_of(name);
  if (!step) raise<FileError>(file.string(), "it does not name a checkpoint", "`" + name + "`");
  return step;
}

std::string listed(const std::vector<std::uint64_t>& steps) {
  return steps.empty() ? "this run has no complete checkpoint"
                       : fmt::format("complete checkpoints of this run: {}", fmt::join(steps, ", "));
}

void remove_file(const fs::path& path) {
  std::error_code fault;
  fs::remove(path, fault);
  if (fault) raise_system_error(path, "remove", fault.value());
}

void remove_checkpoint(const fs::path& directory) {
  // DONE goes first: a removal that is cut short must not leave a checkpoint that looks complete.
  remove_file(directory / kDone);
  std::error_code fault;
  fs::remove_all(directory, fault);
  if (fault) raise_system_error(directory, "remove", fault.value());
}

}  // namespace

fs::path checkpoint_directory(const fs::path& run, std::uint64_t step) { return run / kFolder / directory_name(step); }

void begin_checkpoint(const fs::path& directory) {
  make_directories(directory);
  remove_file(directory / kDone);
  // A save that was killed leaves its temporary here or beside last.txt.
  remove_stale_temporaries(directory);
  remove_stale_temporaries(directory.parent_path());
}

void finish_checkpoint(const fs::path& directory, bool best) {
  nlohmann::ordered_json done{{"format", kFileFormat}, {"digest", "xxh64"}};
  for (const std::string_view name : kCheckedFiles) done["files"][std::string(name)] = file_digest(directory / name);
  write_json(directory / kDone, done);
  const std::string name = directory.filename().string() + "\n";
  if (best) write_file_atomically(directory.parent_path() / kBest, name);
  write_file_atomically(directory.parent_path() / kLast, name);
}

std::vector<std::uint64_t> complete_checkpoints(const fs::path& run) {
  std::vector<std::uint64_t> steps = all_steps(run / kFolder);
  std::erase_if(steps, [&](std::uint64_t step) { return !path_exists(checkpoint_directory(run, step) / kDone); });
  return steps;
}

namespace {

/// That of last.txt; the newest complete one where a kill came between the first checkpoint and that file.
std::optional<std::uint64_t> newest_step(const fs::path& run) {
  const std::optional<std::uint64_t> step = named_step(run / kFolder / kLast);
  if (step) return step;
  const std::vector<std::uint64_t> complete = complete_checkpoints(run);
  return complete.empty() ? std::nullopt : std::optional(complete.back());
}

}  // namespace

void remove_old_checkpoints(const fs::path& run, std::size_t keep) {
  const std::vector<std::uint64_t> complete = complete_checkpoints(run);
  const std::size_t excess = complete.size() > keep ? complete.size() - keep : 0;
  // Not the newest of all after one of an older step was saved, or of the best figures: still to be found.
  const std::array named = {named_step(run / kFolder / kLast), named_step(run / kFolder / kBest)};
  for (const std::uint64_t step : all_steps(run / kFolder)) {
    if (std::find(named.begin(), named.end(), step) != named.end()) continue;
    const auto place = std::find(complete.begin(), complete.end(), step);
    if (place != complete.end() && static_cast<std::size_t>(place - complete.begin()) >= excess) continue;
    remove_checkpoint(checkpoint_directory(run, step));
  }
}

void name_checkpoints(const fs::path& run, std::uint64_t step, std::optional<std::uint64_t> best) {
  const fs::path folder = run / kFolder;
  const std::vector<std::uint64_t> complete = complete_checkpoints(run);
  const auto is_complete = [&](std::uint64_t s) { return std::binary_search(complete.begin(), complete.end(), s); };
  const std::optional<std::uint64_t> best_before = named_step(folder / kBest);
  const auto name = [&](std::string_view file, std::uint64_t s) {
    write_file_atomically(folder / file, directory_name(s) + "\n");
  };
  // last.txt first: from here on the run goes on from `step`, wherever a kill comes.
  if (is_complete(step)) {
    name(kLast, step);
  } else {
    remove_file(folder / kLast);
  }
  if (best && is_complete(*best)) {
    if (best_before != best) name(kBest, *best);
  } else if (best_before && (*best_before > step || !is_complete(*best_before))) {
    remove_file(folder / kBest);
  }
}

void remove_later_checkpoints(const fs::path& run, std::uint64_t step) {
  for (const std::uint64_t later : all_steps(run / kFolder)) {
    if (later > step) remove_checkpoint(checkpoint_directory(run, later));
  }
}

fs::path find_checkpoint(const fs::path& run, std::string_view which) {
  const std::string where = (run / kFolder).string();
  std::optional<std::uint64_t> step = whole_number<std::uint64_t>(which);
  if (which == "last") {
    step = newest_step(run);
    if (!step) raise<FileError>(where, "there is no checkpoint", listed({}));
  } else if (which == "best") {
    step = named_step(run / kFolder / kBest);
    if (!step) {
      raise<ConfigError>("--checkpoint", "this run keeps no best checkpoint", listed(complete_checkpoints(run)),
                         "give `last` or a step; `trainer.checkpoint.best` says what the best one is");
    }
  } else if (!step) {
    raise<ConfigError>("--checkpoint", "`" + std::string(which) + "` is no checkpoint", {},
                       "give `last`, `best` or a step");
  }
  const std::vector<std::uint64_t> complete = complete_checkpoints(run);
  if (std::find(complete.begin(), complete.end(), *step) == complete.end()) {
    raise<FileError>(where, fmt::format("there is no complete checkpoint of step {}", *step), listed(complete));
  }
  return checkpoint_directory(run, *step);
}

void verify_checkpoint(const fs::path& directory) {
  const auto damaged = [&](std::string_view name, const std::string& what) {
    std::vector<std::uint64_t> others = complete_checkpoints(directory.parent_path().parent_path());
    std::erase_if(others, [&](std::uint64_t step) { return directory_name(step) == directory.filename(); });
    raise<FileError>((directory / name).string(), what, {},
                     others.empty()
                         ? "no other complete checkpoint of this run is there"
                         : fmt::format("other checkpoints of this run, for --checkpoint: {}", fmt::join(others, ", ")));
  };
  const nlohmann::json done = read_json_file(directory / kDone);
  const auto files = done.find("files");
  if (files == done.end() || !files->is_object()) damaged(kDone, "it holds no list of files");
  for (const std::string_view name : kCheckedFiles) {
    const auto digest = files->find(std::string(name));
    if (digest == files->end() || !digest->is_string()) damaged(kDone, fmt::format("it has no digest of {}", name));
    if (!path_exists(directory / name)) damaged(name, "the file is missing");
    const std::string found = file_digest(directory / name);
    if (found != digest->get<std::string>()) {
      damaged(name,
              fmt::format("the file is damaged: its digest is {}, DONE says {}", found, digest->get<std::string>()));
    }
  }
}

}  // namespace headlight
