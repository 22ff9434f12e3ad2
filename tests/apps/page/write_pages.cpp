// write_pages FOLDER NAME ...: NAME.html in FOLDER for each fixture, for the tests in a browser.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "apps/page/page.h"
#include "core/error.h"
#include "core/io/file.h"
#include "tests/apps/page/fixture.h"

int main(int argc, char** argv) {
  using namespace headlight;
  try {
    if (argc < 3) throw ConfigError("usage: write_pages FOLDER NAME ...");
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    for (int i = 2; i < argc; ++i) {
      PageOptions options{.facts = {.generator = "headlight 0.1.0", .created = "2024-01-01T00:00:00Z"}};
      std::vector<ViewRun> runs = testing::fixture_runs(argv[i], options.facts.notes);
      const ViewPage page = view_page(std::move(runs), options);
      write_file_atomically(folder / (std::string(argv[i]) + ".html"), page.html);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
