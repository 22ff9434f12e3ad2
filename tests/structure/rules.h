#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// The rules of the house that a compiler does not check, as functions from the sources to a list of violations.
namespace headlight::structure {

struct SourceFile {
  std::string path;  ///< from the root, with '/': "core/io/npy.cpp"
  std::vector<std::string> lines;

  std::string folder() const;     ///< "core"; empty for a file at the root
  std::string extension() const;  ///< ".cpp"; empty for `run`
  bool is_cpp() const;            ///< a header or a source
};

struct SourceTree {
  std::filesystem::path root;
  std::vector<SourceFile> files;     ///< sorted by path
  std::vector<std::string> folders;  ///< top-level folders without the hidden ones, builds and runs; sorted
};

/// Reads all text that people write here; builds, runs and bundled files are left out.
/// Throws std::filesystem::filesystem_error when `root` cannot be read.
SourceTree read_tree(const std::filesystem::path& root);

/// One line for each violation: "core/shape.h:12: what is wrong; what to do".
using Violations = std::vector<std::string>;
using Rule = Violations (*)(const SourceTree&);

/// Includes run one way: core <- autograd <- {layers, optim} <- apps <- tests.
Violations include_direction(const SourceTree& tree);
/// Only core/array.h includes xtensor (and the test of its repair, which needs what the repair is for).
Violations xtensor_includes(const SourceTree& tree);
/// Only core/blas, core/gemm and core/linalg name BLAS and LAPACK, in includes and in calls.
Violations blas_use(const SourceTree& tree);
/// Headers see nlohmann/json by its forward declarations: the whole costs 1.3 s in every file that includes it.
Violations json_in_headers(const SourceTree& tree);
/// No `auto x = xt::...`: a stored lazy expression dangles or is computed again at each use.
Violations lazy_expressions(const SourceTree& tree);
/// Every header says `#pragma once`.
Violations include_guards(const SourceTree& tree);
/// Every .cpp is named by a CMakeLists.txt above it; one that is not is never compiled.
Violations unlisted_sources(const SourceTree& tree);
/// At most 300 lines, or a line that says "Longer than 300 lines because ...".
Violations long_files(const SourceTree& tree);
/// No notes of unfinished work.
Violations unfinished_work(const SourceTree& tree);
/// No path that exists on one machine only.
Violations machine_paths(const SourceTree& tree);
/// The agreed top-level folders and no other, each with a README.md as soon as there is something in it.
Violations folders(const SourceTree& tree);

}  // namespace headlight::structure
