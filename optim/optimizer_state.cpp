// What an optimiser saves and loads.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "core/shape.h"
#include "optim/optimizer.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

constexpr const char* kEma = "ema";
constexpr const char* kLive = "live";
constexpr double kLargestCount = 9007199254740992;  // 2^53: beyond it a double skips whole numbers

/// Everything that is wrong with a state, for one message.
class Problems {
 public:
  void add(const std::string& what) { list_.push_back(what); }
  void raise_any() const {
    if (list_.empty()) return;
    raise<StateError>("optimizer state", "it does not belong to this optimiser and model",
                      fmt::format("{}", fmt::join(list_, ", ")),
                      "resume with the optimiser and the model that wrote it");
  }

 private:
  std::vector<std::string> list_;
};

/// The given values by name. Notes names that are missing, unknown or given twice.
template <class Value>
std::map<std::string, const Value*> matched(const std::string& kind, const std::vector<std::string>& wanted,
                                            const std::vector<std::pair<std::string, Value>>& given,
                                            Problems& problems) {
  std::map<std::string, const Value*> values;
  for (const auto& [name, value] : given) {
    if (!values.emplace(name, &value).second) problems.add(fmt::format("{}`{}` is given twice", kind, name));
  }
  for (const std::string& name : wanted) {
    if (!values.contains(name)) problems.add(fmt::format("{}`{}` is missing", kind, name));
  }
  const std::set<std::string> known(wanted.begin(), wanted.end());
  for (const auto& [name, value] : values) {
    if (!known.contains(name)) problems.add(fmt::format("{}`{}` is unknown", kind, name));
  }
  return values;
}

}  // namespace

std::vector<std::string> Optimizer::state_names() const {
  const std::vector<Tensor>& all = parameters_.parameters();
  std::map<std::string, std::size_t> uses;
  for (const Tensor& parameter : all) ++uses[parameter.label()];
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& label = all[i].label();
    const bool usable = !label.empty() && label.front() != '#' && uses[label] == 1;
    names.push_back(usable ? label : fmt::format("#{}", i));
  }
  return names;
}

/// Each once, in the order in which the parameters name them.
std::vector<std::string> Optimizer::slot_names() const {
  std::vector<std::string> names;
  for (const Kept& kept : kept_) {
    for (const Slot& slot : kept.slots) {
      if (std::find(names.begin(), names.end(), slot.name) == names.end()) names.push_back(slot.name);
    }
  }
  return names;
}

std::vector<Optimizer::Piece> Optimizer::pieces() const {
  const std::vector<std::string> names = state_names();
  std::vector<Piece> pieces;
  for (const std::string& slot_name : slot_names()) {
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      for (std::size_t s = 0; s < kept_[i].slots.size(); ++s) {
        const Slot& slot = kept_[i].slots[s];
        if (slot.name != slot_name) continue;
        const bool swapped = evaluation_scopes_ > 0 && settings_[i].rule->evaluation_slot() == s;
        pieces.push_back({(swapped ? kLive : slot.name) + "." + names[i], slot.shape, false, kept_[i].offsets[s]});
      }
    }
  }
  if (!ema_) return pieces;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    pieces.push_back({fmt::format("{}.{}", evaluation_scopes_ > 0 ? kLive : kEma, names[i]),
                      parameters_.parameters()[i].shape(), true, parameters_.segments()[i].offset});
  }
  return pieces;
}

std::vector<std::string> Optimizer::figure_names() const {
  const std::vector<std::string> names = state_names();
  std::vector<std::string> figures;
  for (std::size_t i = 0; i < settings_.size(); ++i) {
    for (const std::string& figure : settings_[i].rule->figures()) figures.push_back(figure + "." + names[i]);
  }
  return figures;
}

OptimizerState Optimizer::state() const {
  OptimizerState state;
  const std::vector<std::string> parameters = state_names();
  for (std::size_t i = 0; i < parameters.size(); ++i) state.updates.emplace_back(parameters[i], updates_[i]);
  for (const Piece& piece : pieces()) {
    Array part = uninitialized(piece.shape);
    const Real* const from = (piece.average ? ema_->average() : memory_.data()) + piece.offset;
    std::copy(from, from + part.size(), part.data());
    state.arrays.emplace_back(piece.name, std::move(part));
  }
  const std::vector<std::string> names = figure_names();
  for (std::size_t i = 0; i < names.size(); ++i) state.figures.emplace_back(names[i], figures_[i]);
  if (ema_) state.figures.emplace_back(kEma, static_cast<double>(ema_->updates()));
  return state;
}

void Optimizer::load_state(const OptimizerState& state) {
  Problems problems;
  const std::vector<std::string> parameters = state_names();
  const auto updates = matched("the update count of ", parameters, state.updates, problems);
  const std::vector<Piece> wanted = pieces();
  std::vector<std::string> names;
  names.reserve(wanted.size());
  for (const Piece& piece : wanted) names.push_back(piece.name);
  const auto arrays = matched("", names, state.arrays, problems);
  for (const Piece& piece : wanted) {
    const auto found = arrays.find(piece.name);
    if (found == arrays.end()) continue;
    const std::span<const Real> values = flat(*found->second);
    if (found->second->shape() != piece.shape) {
      problems.add("`" + piece.name + "` has shape " + to_string(found->second->shape()) + " for " +
                   to_string(piece.shape));
    } else if (!std::all_of(values.begin(), values.end(), [](Real value) { return std::isfinite(value); })) {
      problems.add("`" + piece.name + "` holds NaN or infinity");
    }
  }
  names = figure_names();
  if (ema_) names.emplace_back(kEma);
  const auto figures = matched("the figure ", names, state.figures, problems);
  for (const std::string& name : names) {
    const auto found = figures.find(name);
    if (found == figures.end()) continue;
    const double figure = *found->second;
    if (!std::isfinite(figure) || figure < 0) {
      problems.add(fmt::format("the figure `{}` is {}", name, figure));
    } else if (ema_ && name == kEma && (figure != std::floor(figure) || figure > kLargestCount)) {
      problems.add(fmt::format("the figure `{}` is {}, but counts updates", name, figure));
    }
  }
  problems.raise_any();

  for (const Piece& piece : wanted) {
    const Array& from = *arrays.at(piece.name);
    std::copy(from.data(), from.data() + from.size(),
              (piece.average ? ema_->average() : memory_.data()) + piece.offset);
  }
  for (std::size_t i = 0; i < updates_.size(); ++i) updates_[i] = *updates.at(parameters[i]);
  for (std::size_t i = 0; i < figures_.size(); ++i) figures_[i] = *figures.at(names[i]);
  if (ema_) ema_->set_updates(static_cast<std::uint64_t>(*figures.at(kEma)));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
