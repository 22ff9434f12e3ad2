#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/reproduce/measure.h"
#include "apps/reproduce/plan.h"

namespace headlight::reproduce {

/// What an entry's runs came to: everything the table needs, so that the runs themselves need not be kept.
struct Figures {
  std::string settings{};                               ///< settings_of() the entry, as it was trained
  std::string machine{};                                ///< in a line
  std::vector<double> seconds{};                        ///< that each run took, whole ones
  std::map<std::string, std::vector<double>> values{};  ///< by measure; of each seed, in the order of Entry::seeds
};

/// A fingerprint (16 hexadecimal digits) of what is trained: the content of the config but not its comments, and the
/// entry's overrides, seeds, text and input. The lines of checks are not in it: figures outlive them. Neither are the
/// defaults of keys that the config leaves out, nor how a task makes its data: who changes those takes the entries that
/// they touch out of the record. Throws FileError, JsonError.
std::string settings_of(const Entry& entry);

/// The measures that the table wants of `entry`: those of its checks, and those that others compare with it.
std::vector<std::string> measures_of(const Entry& entry, const std::vector<Entry>& plan);

/// Reads every measure off every run. Throws StateError when a run has no such figure, or one that is no number.
Figures figures_of(const Entry& entry, const std::vector<Entry>& plan, const std::vector<RunResult>& runs,
                   const std::string& machine);

/// The record by name of entry; empty where there is no file. Throws FileError, JsonError.
std::map<std::string, Figures> read_record(const std::filesystem::path& path);

/// Puts the figures of an entry into the record: those of other entries stay, of whatever plan and settings they are. Safe
/// with others that do the same. Returns the record as it is now. Throws FileError, JsonError.
std::map<std::string, Figures> add_to_record(const std::filesystem::path& path, const std::string& name,
                                             const Figures& figures);

/// Whether the figures are of this entry as the plan has it now, and complete.
bool belongs(const Figures& figures, const Entry& entry, const std::vector<Entry>& plan);

}  // namespace headlight::reproduce
