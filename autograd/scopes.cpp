#include "autograd/scopes.h"

#include <mutex>
#include <unordered_set>
#include <utility>

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

thread_local bool grad_is_enabled = true;
thread_local const std::uint64_t* watched_step = nullptr;
thread_local const std::string* layer_path = nullptr;

}  // namespace

NoGrad::NoGrad() : previous_(std::exchange(grad_is_enabled, false)) {}
NoGrad::~NoGrad() { grad_is_enabled = previous_; }
bool grad_enabled() { return grad_is_enabled; }

DetectNonFinite::DetectNonFinite(std::uint64_t step) : previous_(watched_step), step_(step) { watched_step = &step_; }
DetectNonFinite::~DetectNonFinite() { watched_step = previous_; }
const std::uint64_t* non_finite_step() { return watched_step; }

LayerScope::LayerScope(const std::string* path) : previous_(std::exchange(layer_path, path)) {}
LayerScope::~LayerScope() { layer_path = previous_; }

const std::string* current_layer_path() {
  static const std::string* const none = interned("");
  return layer_path != nullptr ? layer_path : none;
}

const std::string* interned(const std::string& text) {
  // Never destroyed: nodes in static storage may still point into it at exit.
  static std::mutex mutex;
  static auto* const texts = new std::unordered_set<std::string>;
  const std::lock_guard lock(mutex);
  return &*texts->insert(text).first;
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
