#pragma once

#include <cstddef>
#include <string>

#include "layers/context.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// Counts the rows (b, h, q) of all attention layers in which every key is hidden. Such a query reads nothing, which is
/// harmless at padding and a sign of a wrong mask elsewhere. Give it to Context::recorder.
class HiddenRows : public AttentionRecorder {
 public:
  void record(const std::string& /*path*/, const Tensor& /*weights*/, std::size_t hidden_rows) override {
    count_ += hidden_rows;
  }

  std::size_t count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
