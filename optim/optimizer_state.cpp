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
  state.updates = updates_;
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
  std::string problems;
  const auto complain = [&problems](const std::string& what) { problems += (problems.empty() ? "" : ", ") + what; };
  if (state.updates.size() != updates_.size()) {
    complain(fmt::format("{} update counts for {} parameters", state.updates.size(), updates_.size()));
  }
  const std::vector<Piece> wanted = pieces();
  std::map<std::string, const Array*> given;
  for (const auto& [name, array] : state.arrays) given[name] = &array;
  for (const Piece& piece : wanted) {
    const auto found = given.find(piece.name);
    if (found == given.end()) {
      complain("`" + piece.name + "` is missing");
    } else if (found->second->shape() != piece.shape) {
      complain("`" + piece.name + "` has shape " + to_string(found->second->shape()) + " for " +
               to_string(piece.shape));
    }
  }
  std::vector<std::string> figures = figure_names();
  if (ema_) figures.emplace_back(kEma);
  std::map<std::string, double> figures_given(state.figures.begin(), state.figures.end());
  for (const std::string& name : figures) {
    const auto found = figures_given.find(name);
    if (found == figures_given.end()) {
      complain("the figure `" + name + "` is missing");
    } else if (!std::isfinite(found->second) || found->second < 0) {
      complain(fmt::format("the figure `{}` is {}", name, found->second));
    }
  }
  std::set<std::string> known(figures.begin(), figures.end());
  for (const Piece& piece : wanted) known.insert(piece.name);
  for (const auto& [name, array] : given) {
    if (!known.contains(name)) complain("`" + name + "` is unknown");
  }
  for (const auto& [name, figure] : figures_given) {
    if (!known.contains(name)) complain("the figure `" + name + "` is unknown");
  }
  if (!problems.empty()) {
    raise<StateError>("optimizer state", "it does not belong to this optimiser and model", problems,
                      "resume with the optimiser and the model that wrote it");
  }

  for (const Piece& piece : wanted) {
    const Array& from = *given.at(piece.name);
    std::copy(from.data(), from.data() + from.size(),
              (piece.average ? ema_->average() : memory_.data()) + piece.offset);
  }
  updates_ = state.updates;
  for (std::size_t i = 0; i < figures_.size(); ++i) figures_[i] = figures_given.at(figures[i]);
  if (ema_) ema_->set_updates(static_cast<std::uint64_t>(figures_given.at(kEma)));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
