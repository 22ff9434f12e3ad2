// Stands in for the other sources where the package is not installed.
#include "apps/export/onnx_model.h"
#include "core/error.h"

namespace headlight {

bool onnx_available() { return false; }

void require_onnx() {
  raise<ConfigError>("onnx", "this build cannot write ONNX files: it was made without the Debian package libonnx-dev",
                     {}, "install libonnx-dev and libprotobuf-dev, then build again");
}

std::string onnx_model(const Model& /*model*/, const nlohmann::json& /*composed*/, const OnnxOptions& /*options*/,
                       const std::string& /*path*/) {
  require_onnx();
  return {};
}

}  // namespace headlight
