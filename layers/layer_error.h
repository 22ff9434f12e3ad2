#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"

namespace headlight {

/// Everything that is wrong with the JSON of one or several layers, each fault with its place: what a program that
/// read the JSON from a file needs to show the line.
class LayerError : public ConfigError {
 public:
  struct Fault {
    std::string path;  ///< dotted, from the root of the JSON: "model.blocks.2.body.heads"; "" for the root itself
    std::string what;  ///< what is wrong
    std::string help;  ///< what fits instead
    enum class At {
      value,    ///< the value at the path is wrong
      key,      ///< the key itself is, whatever its value
      missing,  ///< the last part of the path is a key that is not there
    } at = At::value;
  };

  /// The text has a line for each fault: `path: what; help`, without the path where it is empty. Throws StateError
  /// without a fault.
  explicit LayerError(std::vector<Fault> faults);

  const std::vector<Fault>& faults() const { return faults_; }

 private:
  std::vector<Fault> faults_;
};

/// The faults of several layers that are built one after another, so that all of them are told at once.
class LayerFaults {
 public:
  /// Runs `build`, and keeps the faults of a LayerError that it throws.
  template <class Build>
  void collect(Build&& build) {
    try {
      build();
    } catch (const LayerError& error) {
      faults_.insert(faults_.end(), error.faults().begin(), error.faults().end());
    }
  }

  void add(LayerError::Fault fault) { faults_.push_back(std::move(fault)); }
  std::size_t size() const { return faults_.size(); }
  /// Throws a LayerError of all faults when there are any.
  void raise_all() const {
    if (!faults_.empty()) throw LayerError(faults_);
  }

 private:
  std::vector<LayerError::Fault> faults_;
};

/// "model.blocks" and "2" make "model.blocks.2"; an empty path adds nothing.
std::string join_path(const std::string& path, const std::string& step);

}  // namespace headlight
