#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/generated_text.h"

namespace headlight::reproduce {

/// A figure that somebody published, and the line that ours has to meet. Of several seeds the median has to meet it, and
/// no seed may miss it by more than `slack`.
struct Check {
  std::string what{};       ///< "test token accuracy"
  std::string published{};  ///< as it was published, with its source where the entry's is not it
  std::string measure{};    ///< see measure.h
  std::optional<double> at_least{};
  std::optional<double> at_most{};
  std::string at_least_of{};  ///< the entry whose median of the same figure is `at_least`; see settle_lines()
  double slack = 0;
  double scale = 1;    ///< figures are shown times this, such as 100
  std::string unit{};  ///< behind the figures, such as "%"
};

/// One config, trained with some seeds.
struct Entry {
  std::string name{};  ///< "modular-50": also of its run directories
  std::filesystem::path config{};
  std::vector<std::string> overrides{};
  std::vector<std::uint64_t> seeds{};
  std::optional<TextRecipe> text{};  ///< the file of `task.path`, for configs that leave it to the user
  std::string input{};               ///< what the trained model is asked, for the measure `generates`
  std::string source{};              ///< of the published figures
  std::vector<Check> checks{};       ///< none where the runs are there for another entry's Check::at_least_of
};

/// Reads the plan; paths of configs are relative to its file. Comments are allowed. Throws ConfigError that names the
/// entry and the key at fault, FileError.
std::vector<Entry> read_plan(const std::filesystem::path& path);

/// Whether `value` meets the line of the check, less `slack`.
bool meets(const Check& check, double value, double slack);

/// The median of the values, of two middle ones their mean. There is at least one.
double median(std::vector<double> values);

/// Whether the values of all seeds pass.
bool passes(const Check& check, const std::vector<double>& values);

}  // namespace headlight::reproduce
