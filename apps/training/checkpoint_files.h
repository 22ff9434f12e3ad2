#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The files of checkpoints: `checkpoints/step-00002000/{model,optimizer}.safetensors`, `state.json`, and `DONE`, which
/// is written last and holds the digest of each of them; `checkpoints/last.txt` names the newest.
namespace headlight {

constexpr std::string_view kModelFile = "model.safetensors";
constexpr std::string_view kOptimizerFile = "optimizer.safetensors";
constexpr std::string_view kStateFile = "state.json";

/// Where the checkpoint of a step lies in a run directory.
std::filesystem::path checkpoint_directory(const std::filesystem::path& run, std::uint64_t step);

/// Makes the directory for a checkpoint; one that is there already is no longer complete from here on. What saves that
/// were killed left half-written, there and beside last.txt, is removed. Throws FileError.
void begin_checkpoint(const std::filesystem::path& directory);

/// Writes DONE over the files that lie in the directory, then best.txt where it is the `best`, then last.txt; only then
/// is the checkpoint saved. Throws FileError.
void finish_checkpoint(const std::filesystem::path& directory, bool best = false);

/// The steps whose checkpoint is complete, in rising order.
std::vector<std::uint64_t> complete_checkpoints(const std::filesystem::path& run);

/// Removes the checkpoints of all but the `keep` highest steps, and what unfinished ones left; those that last.txt and
/// best.txt name stay whatever their step. Throws FileError.
void remove_old_checkpoints(const std::filesystem::path& run, std::size_t keep);

/// For a run that goes on from `step`, of whose checkpoints those of later steps are void: last.txt names that step, and
/// best.txt the `best` one of the state that it goes on from, where that is kept. Where it is not, best.txt goes if it
/// names a void one. Without a complete checkpoint of `step` (0: the run begins anew) nothing is named. Throws FileError.
void name_checkpoints(const std::filesystem::path& run, std::uint64_t step, std::optional<std::uint64_t> best);

/// Removes the checkpoints of steps behind `step`, complete or not: another course of the run takes their place. To be
/// called after name_checkpoints(). Throws FileError.
void remove_later_checkpoints(const std::filesystem::path& run, std::uint64_t step);

/// The directory of the checkpoint that `which` names: `last`, `best` or a step. Throws ConfigError on another word
/// and where no best one is kept, FileError when there is no such checkpoint, listing those there are.
std::filesystem::path find_checkpoint(const std::filesystem::path& run, std::string_view which);

/// Compares every file with its digest in DONE. Throws FileError that names the damaged file and the other checkpoints
/// of the run.
void verify_checkpoint(const std::filesystem::path& directory);

}  // namespace headlight
