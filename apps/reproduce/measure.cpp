#include "apps/reproduce/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace headlight::reproduce {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kTrainWindow = 50;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// "at(eval, loss, 250)" is at, with three arguments.
struct Call {
  std::string name;
  std::vector<std::string> arguments;
};

std::string trimmed(std::string_view text) {
  constexpr std::string_view space = " \n";
  const std::size_t begin = text.find_first_not_of(space);
  return begin == std::string_view::npos ? std::string{}
                                         : std::string(text.substr(begin, text.find_last_not_of(space) + 1 - begin));
}

Call call_of(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) return {trimmed(text), {}};
  Call call{trimmed(text.substr(0, open)), {}};
  if (!text.ends_with(')')) return {};
  std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  for (;;) {
    const std::size_t comma = inside.find(',');
    call.arguments.push_back(trimmed(inside.substr(0, comma)));
    if (comma == std::string_view::npos) return call;
    inside.remove_prefix(comma + 1);
  }
}

template <class Number>
std::optional<Number> parsed(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> number_in(std::string_view text) { return parsed<double>(text); }

/// A step or a position: a whole number, not below 0.
std::optional<std::uint64_t> count_in(std::string_view text) { return parsed<std::uint64_t>(text); }

bool is_split(const std::string& text) { return text == "train" || text == "eval"; }
bool is_metric(const std::string& text) { return text == "loss" || text == "tok_acc" || text == "seq_acc"; }
bool is_figure(const std::string& text) { return is_metric(text) || text == "mse"; }

/// 41 and 100 of "41..100".
std::optional<std::pair<double, double>> range_of(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  const auto low = number_in(std::string_view(text).substr(0, dots));
  const auto high = number_in(std::string_view(text).substr(dots + 2));
  if (!low || !high) return std::nullopt;
  return std::pair(*low, *high);
}

std::optional<double> metric_of(const MetricsRow& row, const std::string& name) {
  if (name == "loss") return row.loss;
  return name == "tok_acc" ? row.tok_acc : row.seq_acc;
}

[[noreturn]] void missing(const std::string& name) {
  raise<StateError>("reproduction", "the run has no such figure", name);
}

/// The figures of a split's rows, in their order.
std::vector<std::pair<std::uint64_t, double>> curve(const RunResult& run, const Call& call) {
  const Split split = call.arguments[0] == "train" ? Split::train : Split::eval;
  std::vector<std::pair<std::uint64_t, double>> points;
  for (const MetricsRow& row : run.rows) {
    const std::optional<double> value = metric_of(row, call.arguments[1]);
    if (row.split == split && value) points.emplace_back(row.step, *value);
  }
  return points;
}

double figure_of(const Json& json, const std::string& key, const std::string& name) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) missing(name);
  return found->get<double>();
}

using Measure = double (*)(const Call&, const RunResult&);

double final_figure(const Call& call, const RunResult& run) {
  return figure_of(Json::parse(run.evaluation), call.arguments[0], "final");
}

double lengths_figure(const Call& call, const RunResult& run) {
  const auto [low, high] = *range_of(call.arguments[0]);
  const Json json = Json::parse(run.evaluation);
  double sum = 0;
  double count = 0;
  const Json lengths = json.value("by_length", Json::object());
  for (const auto& [length, score] : lengths.items()) {
    const double at = number_in(length).value_or(-1);
    if (at < low || at > high) continue;
    sum += figure_of(score, call.arguments[1], "lengths");
    ++count;
  }
  if (count == 0) missing("lengths");
  return sum / count;
}

double position_figure(const Call& call, const RunResult& run) {
  const Json json = Json::parse(run.evaluation);
  const auto positions = json.find("by_position");
  if (positions == json.end() || !positions->contains(call.arguments[0])) missing("position");
  return figure_of(positions->at(call.arguments[0]), call.arguments[1], "position");
}

double head_figure(const Call& call, const RunResult& run) {
  const Json json = Json::parse(run.evaluation);
  const auto heads = json.find("heads");
  if (heads == json.end() || !heads->contains(call.arguments[0])) missing("head");
  return figure_of(heads->at(call.arguments[0]), call.arguments[1], "head");
}

double at_figure(const Call& call, const RunResult& run) {
  const std::uint64_t step = *count_in(call.arguments[2]);
  double sum = 0;
  double count = 0;
  for (const auto& [at, value] : curve(run, call)) {
    const bool in_window = call.arguments[0] == "train" ? at <= step && at + kTrainWindow > step : at == step;
    if (!in_window) continue;
    sum += value;
    ++count;
  }
  if (count == 0) missing(fmt::format("step {}", step));
  return sum / count;
}

double first_figure(const Call& call, const RunResult& run) {
  const double limit = *number_in(std::string_view(call.arguments[2]).substr(1));
  const bool below = call.arguments[2].front() == '<';
  for (const auto& [step, value] : curve(run, call)) {
    if (below ? value < limit : value > limit) return static_cast<double>(step);
  }
  return kInfinity;
}

double extreme_figure(const Call& call, const RunResult& run) {
  const auto points = curve(run, call);
  if (points.empty()) missing(call.name);
  double extreme = points.front().second;
  for (const auto& [step, value] : points) {
    extreme = call.name == "least" ? std::min(extreme, value) : std::max(extreme, value);
  }
  return extreme;
}

double parameters_figure(const Call& /*call*/, const RunResult& run) {
  return figure_of(Json::parse(run.evaluation), "parameters", "parameters");
}

double generates_figure(const Call& call, const RunResult& run) {
  if (run.generated.empty()) missing("generates");
  return trimmed(run.generated) == call.arguments[0] ? 1 : 0;
}

struct Kind {
  Measure measure;
  bool (*fits)(const std::vector<std::string>&);
};

const std::map<std::string, Kind>& kinds() {
  using Arguments = std::vector<std::string>;
  static const std::map<std::string, Kind> all = {
      {"final", {final_figure, [](const Arguments& a) { return a.size() == 1 && is_figure(a[0]); }}},
      {"lengths",
       {lengths_figure, [](const Arguments& a) { return a.size() == 2 && range_of(a[0]) && is_figure(a[1]); }}},
      {"position",
       {position_figure, [](const Arguments& a) { return a.size() == 2 && count_in(a[0]) && is_figure(a[1]); }}},
      {"head", {head_figure, [](const Arguments& a) { return a.size() == 2 && (a[1] == "mass" || a[1] == "argmax"); }}},
      {"at",
       {at_figure,
        [](const Arguments& a) { return a.size() == 3 && is_split(a[0]) && is_metric(a[1]) && count_in(a[2]); }}},
      {"first",
       {first_figure,
        [](const Arguments& a) {
          return a.size() == 3 && is_split(a[0]) && is_metric(a[1]) &&
                 (a[2].starts_with('<') || a[2].starts_with('>')) && number_in(std::string_view(a[2]).substr(1));
        }}},
      {"least",
       {extreme_figure, [](const Arguments& a) { return a.size() == 2 && is_split(a[0]) && is_metric(a[1]); }}},
      {"most", {extreme_figure, [](const Arguments& a) { return a.size() == 2 && is_split(a[0]) && is_metric(a[1]); }}},
      {"parameters", {parameters_figure, [](const Arguments& a) { return a.empty(); }}},
      {"generates", {generates_figure, [](const Arguments& a) { return a.size() == 1 && !a[0].empty(); }}},
  };
  return all;
}

const Kind& kind_of(const Call& call, const std::string& name) {
  const auto found = kinds().find(call.name);
  if (found == kinds().end() || !found->second.fits(call.arguments)) {
    raise<ConfigError>("reproduction", "`" + name + "` is no measure", {}, "apps/reproduce/measure.h lists them");
  }
  return found->second;
}

}  // namespace

double measure(const std::string& name, const RunResult& run) {
  const Call call = call_of(name);
  return kind_of(call, name).measure(call, run);
}

void check_measure(const std::string& name) { kind_of(call_of(name), name); }

}  // namespace headlight::reproduce
