#pragma once

#include <string>

namespace headlight::testing {

/// A line of a check's measurements, on stdout.
void note(const std::string& line);

}  // namespace headlight::testing
