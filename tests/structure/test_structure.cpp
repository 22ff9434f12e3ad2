#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/structure/rules.h"

namespace headlight::structure {
namespace {

namespace fs = std::filesystem;

const SourceTree& sources() {
  static const SourceTree tree = read_tree(HEADLIGHT_SOURCE_DIR);
  return tree;
}

/// A directory of its own that goes away with the object.
class TemporaryTree {
 public:
  TemporaryTree() : root_(fs::temp_directory_path() / ("headlight-structure-" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    for (const char* folder : {"apps", "autograd", "cmake", "core", "data", "layers", "optim", "tests"}) {
      write(std::string(folder) + "/README.md", "what lives here\n");
    }
    write("core/CMakeLists.txt", "headlight_library(core\n  SOURCES good.cpp)\n");
    write("core/good.cpp", "#include \"core/good.h\"\n");
    write("core/good.h", "#pragma once\n");
  }
  ~TemporaryTree() { fs::remove_all(root_); }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  SourceTree read() const { return read_tree(root_); }

 private:
  fs::path root_;
};

struct Planted {
  Rule rule;
  std::string path;
  std::string text;
  std::string verdict;  ///< the beginning of the one violation that must be reported
};

const std::vector<Planted>& planted_violations() {
  static const std::vector<Planted> all = {
      {include_direction, "core/a.h", "#pragma once\n#include \"autograd/tensor.h\"\n", "core/a.h:2: core may not see"},
      {include_direction, "core/a.h", "#  include <layers/dense.h>\n", "core/a.h:1: core may not see"},
      {include_direction, "layers/a.h", "#include \"optim/adam.h\"\n", "layers/a.h:1: layers may not see"},
      {include_direction, "optim/a.cpp", "#include \"layers/dense.h\"\n", "optim/a.cpp:1: optim may not see"},
      {include_direction, "apps/a.cpp", "#include \"tests/close.h\"\n", "apps/a.cpp:1: apps may not see"},
      {include_direction, "core/io/a.h", "#include \"npy.h\"\n", "core/io/a.h:1: \"npy.h\" does not say its folder"},
      {xtensor_includes, "core/shape.h", "#include <xtensor/xarray.hpp>\n",
       "core/shape.h:1: includes xtensor/xarray.hpp"},
      {blas_use, "layers/a.cpp", "#include <cblas.h>\n", "layers/a.cpp:1: uses BLAS"},
      {blas_use, "core/a.cpp", "\n  openblas_set_num_threads(1);\n", "core/a.cpp:2: uses BLAS"},
      {json_in_headers, "apps/a.h", "#include <nlohmann/json.hpp>\n", "apps/a.h:1: includes nlohmann/json.hpp"},
      {lazy_expressions, "core/a.cpp", "  const auto sum = xt::sum(a);\n",
       "core/a.cpp:1: stores an xtensor expression"},
      {include_guards, "core/a.h", "int f();\n", "core/a.h:1: no #pragma once"},
      {unlisted_sources, "core/food.cpp", "int x;\n", "core/food.cpp:1: in no CMakeLists.txt"},
      {long_files, "core/a.cpp", std::string(301, '\n'), "core/a.cpp:301: 301 lines"},
      {unfinished_work, "data/README.md",
       "well\nTO"
       "DO: rest\n",
       "data/README.md:2: a note of unfinished work"},
      {machine_paths, "data/a.json", "{\"path\": \"/home/someone/x\"}\n", "data/a.json:1: a path of one machine"},
      {folders, "utilities/README.md", "\n", "utilities: not one of the top-level folders"},
  };
  return all;
}

}  // namespace

TEST_CASE("Includes run one way: core, autograd, layers and optim, apps") {
  CHECK(include_direction(sources()) == Violations{});
}
TEST_CASE("Only core/array.h includes xtensor") { CHECK(xtensor_includes(sources()) == Violations{}); }
TEST_CASE("Only core/blas, core/gemm and core/linalg use BLAS and LAPACK") {
  CHECK(blas_use(sources()) == Violations{});
}
TEST_CASE("Headers include json_fwd.hpp at most") { CHECK(json_in_headers(sources()) == Violations{}); }
TEST_CASE("No lazy xtensor expression is kept in auto") { CHECK(lazy_expressions(sources()) == Violations{}); }
TEST_CASE("Every header has pragma once") { CHECK(include_guards(sources()) == Violations{}); }
TEST_CASE("Every source is compiled") { CHECK(unlisted_sources(sources()) == Violations{}); }
TEST_CASE("Files above 300 lines give a reason") { CHECK(long_files(sources()) == Violations{}); }
TEST_CASE("No notes of unfinished work") { CHECK(unfinished_work(sources()) == Violations{}); }
TEST_CASE("No paths of one machine") { CHECK(machine_paths(sources()) == Violations{}); }
TEST_CASE("The top-level folders are the agreed ones and have a README") { CHECK(folders(sources()) == Violations{}); }

TEST_CASE("The sources are really read") {
  const auto has = [](const std::string& path) {
    return std::any_of(sources().files.begin(), sources().files.end(), [&](const auto& f) { return f.path == path; });
  };
  CHECK(has("core/array.h"));
  CHECK(has("tests/structure/rules.cpp"));
  CHECK(has("run"));
  CHECK_FALSE(has("build/release/CMakeCache.txt"));
}

TEST_CASE("Every rule finds its planted violation and nothing else") {
  for (const Planted& planted : planted_violations()) {
    const TemporaryTree tree;
    INFO(planted.path << ": " << planted.text);
    REQUIRE(planted.rule(tree.read()) == Violations{});
    tree.write(planted.path, planted.text);
    const Violations found = planted.rule(tree.read());
    REQUIRE(found.size() == 1);
    CHECK_THAT(found.front(), Catch::StartsWith(planted.verdict));
  }
}

TEST_CASE("A missing README is found") {
  const TemporaryTree tree;
  tree.write("optim/sgd.cpp", "int x;\n");
  SourceTree read = tree.read();
  std::erase_if(read.files, [](const SourceFile& file) { return file.path == "optim/README.md"; });
  const Violations found = folders(read);
  REQUIRE(found.size() == 1);
  CHECK_THAT(found.front(), Catch::StartsWith("optim/README.md: missing"));
}

TEST_CASE("What the rules allow passes") {
  const TemporaryTree tree;
  tree.write("core/array.h", "#pragma once\n#include <xtensor/xarray.hpp>\n");
  tree.write("core/gemm.cpp", "#include <cblas.h>\n  cblas_sgemm(order);\n");
  tree.write("apps/a.h", "#pragma once\n#include <nlohmann/json_fwd.hpp>\n");
  tree.write("apps/a.cpp", "// Longer than 300 lines because it is a table.\n" + std::string(400, '\n'));
  tree.write("optim/a.cpp", "#include \"autograd/tensor.h\"\n#include \"core/shape.h\"\n  Array sum = xt::sum(a);\n");
  const SourceTree read = tree.read();
  for (const Rule rule :
       {include_direction, xtensor_includes, blas_use, json_in_headers, lazy_expressions, include_guards, long_files}) {
    CHECK(rule(read) == Violations{});
  }
}

}  // namespace headlight::structure
