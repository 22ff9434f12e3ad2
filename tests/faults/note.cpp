#include "tests/faults/note.h"

#include <cstdio>

namespace headlight::testing {

void note(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace headlight::testing
