#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "apps/headlight/map_choice.h"

namespace headlight {

/// What `headlight export` was asked for.
struct ExportArguments {
  std::string run{};
  std::string to{};
  std::string output{};
  std::string checkpoint = "last";

  // Of pictures and maps.
  std::string view = "head";
  HeadChoice head{};  ///< by default the first of the first layer of the first block
  InputChoice input{};
  std::optional<std::uint64_t> step{};  ///< of a snapshot, which takes the place of the checkpoint
  std::string scale = "linear";
  std::string colormap = "cividis";
  bool dark = false;
  bool values = false;
  std::optional<int> side{};  ///< pixels of the map; by default 880, and 480 of an animation
  double fps = 8;

  std::string names = "headlight";  ///< of weights
  bool lengths = false;             ///< of an ONNX graph
};

}  // namespace headlight
