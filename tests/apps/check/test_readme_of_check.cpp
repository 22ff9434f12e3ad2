// The page of the checks: its example is the compiled one, and it names every check.
#include <sstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "apps/check/twins.h"
#include "core/io/file.h"

using namespace headlight;

namespace {

const std::string kSource = HEADLIGHT_SOURCE_DIR;

std::string text_of(const std::string& path) { return read_file(kSource + "/" + path, 1 << 20); }

}  // namespace

TEST_CASE("the example of the page is the file that is compiled") {
  const std::string page = text_of("apps/check/README.md");
  const std::string file = text_of("tests/apps/check/test_example.cpp");
  CHECK(page.find("```cpp\n" + file + "```") != std::string::npos);
}

TEST_CASE("the page explains every check") {
  const std::string page = text_of("apps/check/README.md");
  const CheckReport report = check_registered_layer({{"type", "dense"}});
  CHECK(report.rows.size() == 24);
  for (const CheckRow& row : report.rows) {
    INFO(row.name);
    CHECK(page.find("`" + row.name + "`") != std::string::npos);
  }
}
