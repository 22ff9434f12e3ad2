#include "apps/page/curves.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "apps/training/metrics.h"
#include "core/error.h"

namespace headlight {

bool Curves::update() {
  return tail_.read([this] { scalars_.clear(); },
                    [this](std::string_view line, std::size_t number) { add_line(line, number); });
}

void Curves::add_line(std::string_view line, std::size_t number) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_discarded()) {
    raise<FileError>(tail_.path().string(), fmt::format("line {} is no JSON", number), {},
                     "restore the file; a run that goes on writes whole lines");
  }
  const auto parameters = json.is_object() ? json.find("parameters") : json.end();
  if (parameters != json.end() && parameters->is_number_unsigned()) parameters_ = parameters->get<std::uint64_t>();
  const std::optional<MetricsRow> row = row_of(json);
  if (!row) return;
  const std::string_view split = row->split == Split::train ? "train" : "eval";
  const auto step = static_cast<double>(row->step);
  add(split, "loss", step, row->loss);
  if (row->tok_acc) add(split, "tok_acc", step, *row->tok_acc);
  if (row->seq_acc) add(split, "seq_acc", step, *row->seq_acc);
  if (!row->update) return;
  add(split, "lr", step, row->update->learning_rate);
  add(split, "grad_norm", step, row->update->gradient_norm);
  add(split, "tok_s", step, row->update->tokens_per_second);
}

void Curves::add(std::string_view split, std::string_view name, double step, double value) {
  auto found = std::find_if(scalars_.begin(), scalars_.end(),
                            [&](const ViewScalar& scalar) { return scalar.split == split && scalar.name == name; });
  if (found == scalars_.end()) {
    found = scalars_.insert(scalars_.end(), ViewScalar{.split = std::string(split), .name = std::string(name)});
  }
  // A row that was made again counts once.
  while (!found->steps.empty() && found->steps.back() >= step) {
    found->steps.pop_back();
    found->values.pop_back();
  }
  found->steps.push_back(step);
  found->values.push_back(value);
}

}  // namespace headlight
