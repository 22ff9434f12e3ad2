#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/page/snapshot.h"
#include "apps/page/view_run.h"
#include "core/io/safetensors.h"

namespace headlight {

/// One file of attention on all probes, as recording writes it.
class SnapshotFile {
 public:
  /// Throws FileError when it is damaged or not laid out as recording does it.
  explicit SnapshotFile(const std::filesystem::path& path);

  /// In the order in which they run.
  const std::vector<SnapshotLayer>& layers() const { return layers_; }

  /// Adds the snapshot to a run whose blocks were made of layers(); its arrays are read one by one. `kept`: steps whose
  /// full precision stays. Throws FileError where the file differs from earlier ones in having predictions, ShapeError
  /// where its arrays are smaller than the probes.
  void add_to(ViewRun& run, std::uint64_t step, const std::vector<BlockPlace>& places,
              const std::vector<std::uint64_t>& kept) const;

 private:
  std::vector<float> values(const StoredTensor& tensor, std::size_t probes, std::size_t heads) const;
  void add_predictions(ViewRun& run) const;
  [[noreturn]] void refuse(const std::string& what, const std::string& values) const;
  std::string metadata(const std::string& key) const;

  SafetensorsFile file_;
  std::vector<SnapshotLayer> layers_{};
  std::vector<std::string> names_{};  ///< of the tensor of each layer
};

}  // namespace headlight
