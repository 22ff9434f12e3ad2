#include "tests/structure/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string_view>

namespace headlight::structure {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestFile = 300;
constexpr std::array<std::string_view, 8> kFolders = {"apps", "autograd", "cmake", "core",
                                                      "data", "layers",   "optim", "tests"};
// What is made and not written: builds, runs, caches, and the viewer's bundle with its packages.
const std::set<std::string, std::less<>> made_folders = {"build", "runs", "dist", "node_modules", "__pycache__"};
const std::set<std::string, std::less<>> text_extensions = {".cmake", ".cpp", ".css", ".h",  ".html", ".js", ".jsx",
                                                            ".json",  ".md",  ".py",  ".sh", ".ts",   ".txt"};

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view b) { return text.starts_with(b); });
}

struct Include {
  std::string target;
  bool quoted;
};

std::optional<Include> include_in(const std::string& line) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*(["<])([^">]+)[">].*)re");
  std::smatch match;
  if (line.find("include") == std::string::npos || !std::regex_match(line, match, pattern)) return std::nullopt;
  return Include{match[2], match[1] == "\""};
}

/// Collects what `judge(file, line)` says of every line of the files that `wanted` picks; an empty answer is consent.
template <class Wanted, class Judge>
Violations judge_lines(const SourceTree& tree, Wanted wanted, Judge judge) {
  Violations found;
  for (const SourceFile& file : tree.files) {
    if (!wanted(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string verdict = judge(file, file.lines[i]);
      if (!verdict.empty()) found.push_back(fmt::format("{}:{}: {}", file.path, i + 1, verdict));
    }
  }
  return found;
}

// The rules and their planted violations quote what they forbid.
bool quotes_rules(const SourceFile& file) { return file.path.starts_with("tests/structure/"); }
bool is_cpp(const SourceFile& file) { return file.is_cpp(); }
bool is_other_cpp(const SourceFile& file) { return file.is_cpp() && !quotes_rules(file); }
bool is_other_text(const SourceFile& file) { return !quotes_rules(file); }
bool is_header(const SourceFile& file) { return file.extension() == ".h"; }

SourceFile read_file(const fs::path& root, const fs::path& path) {
  SourceFile file{path.lexically_relative(root).generic_string(), {}};
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) file.lines.push_back(line);
  return file;
}

bool is_text(const fs::path& path) {
  return path.extension().empty() || text_extensions.contains(path.extension().string());
}

}  // namespace

std::string SourceFile::folder() const {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string SourceFile::extension() const { return fs::path(path).extension().string(); }

bool SourceFile::is_cpp() const { return extension() == ".h" || extension() == ".cpp"; }

SourceTree read_tree(const fs::path& root) {
  SourceTree tree{root, {}, {}};
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      // Of the hidden folders only the project's CI script is read.
      if (made_folders.contains(name) || (name.starts_with('.') && name != ".ci")) {
        entry.disable_recursion_pending();
      } else if (entry.depth() == 0 && !name.starts_with('.')) {
        tree.folders.push_back(name);
      }
    } else if (entry->is_regular_file() && is_text(entry->path()) && name != ".git") {
      tree.files.push_back(read_file(root, entry->path()));
    }
  }
  std::sort(tree.files.begin(), tree.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::sort(tree.folders.begin(), tree.folders.end());
  return tree;
}

Violations include_direction(const SourceTree& tree) {
  static const std::map<std::string, std::set<std::string>, std::less<>> may_see = {
      {"core", {"core"}},
      {"autograd", {"core", "autograd"}},
      {"layers", {"core", "autograd", "layers"}},
      {"optim", {"core", "autograd", "optim"}},
      {"apps", {"core", "autograd", "layers", "optim", "apps"}},
      {"tests", {"core", "autograd", "layers", "optim", "apps", "tests"}},
  };
  return judge_lines(tree, is_cpp, [](const SourceFile& file, const std::string& line) -> std::string {
    const auto include = include_in(line);
    const auto allowed = may_see.find(file.folder());
    if (!include || allowed == may_see.end()) return {};
    const std::string target = include->target.substr(0, include->target.find('/'));
    if (allowed->second.contains(target)) return {};
    if (may_see.contains(target)) return fmt::format("{} may not see {}", file.folder(), include->target);
    if (!include->quoted) return {};
    return fmt::format("\"{}\" does not say its folder; write it from the root", include->target);
  });
}

Violations xtensor_includes(const SourceTree& tree) {
  static const std::set<std::string, std::less<>> allowed = {"core/array.h", "tests/core/run/test_array_repair.cpp"};
  return judge_lines(tree, is_cpp, [](const SourceFile& file, const std::string& line) -> std::string {
    const auto include = include_in(line);
    if (!include || allowed.contains(file.path) || !starts_with_any(include->target, {"xtensor/", "xtl/", "xsimd/"})) {
      return {};
    }
    return fmt::format("includes {}; include core/array.h", include->target);
  });
}

Violations blas_use(const SourceTree& tree) {
  static const std::regex call(R"(\b(cblas_\w+|openblas_\w+|cxxblas::|cxxlapack::|xt::blas::|xt::linalg::).*)");
  return judge_lines(tree, is_other_cpp, [](const SourceFile& file, const std::string& line) -> std::string {
    if (starts_with_any(file.path, {"core/blas.", "core/gemm.", "core/linalg."})) return {};
    const auto include = include_in(line);
    const bool header =
        include && starts_with_any(include->target, {"cblas", "openblas", "xflens/", "xtensor-blas/", "lapack"});
    const bool may_call = line.find("blas") != std::string::npos || line.find("cxxlapack") != std::string::npos ||
                          line.find("xt::linalg") != std::string::npos;
    std::smatch match;
    if (!header && !(may_call && std::regex_search(line, match, call))) return {};
    return "uses BLAS; call core/gemm.h, core/linalg.h or core/blas.h";
  });
}

Violations json_in_headers(const SourceTree& tree) {
  return judge_lines(tree, is_header, [](const SourceFile&, const std::string& line) -> std::string {
    const auto include = include_in(line);
    if (!include || !include->target.starts_with("nlohmann/") || include->target == "nlohmann/json_fwd.hpp") return {};
    return fmt::format("includes {}; a header includes nlohmann/json_fwd.hpp", include->target);
  });
}

Violations lazy_expressions(const SourceTree& tree) {
  static const std::regex pattern(R"(\bauto\b[^=;(]*=\s*xt::)");
  return judge_lines(tree, is_other_cpp, [](const SourceFile&, const std::string& line) -> std::string {
    if (line.find("xt::") == std::string::npos || !std::regex_search(line, pattern)) return {};
    return "stores an xtensor expression in auto; give it the type Array";
  });
}

Violations include_guards(const SourceTree& tree) {
  Violations found;
  for (const SourceFile& file : tree.files) {
    if (!is_header(file) || std::find(file.lines.begin(), file.lines.end(), "#pragma once") != file.lines.end())
      continue;
    found.push_back(fmt::format("{}:1: no #pragma once", file.path));
  }
  return found;
}

Violations unlisted_sources(const SourceTree& tree) {
  std::map<std::string, std::string, std::less<>> lists;  // directory -> all words of its CMakeLists.txt
  for (const SourceFile& file : tree.files) {
    const fs::path path(file.path);
    if (path.filename() == "CMakeLists.txt") {
      lists[path.parent_path().generic_string()] = fmt::format(" {} ", fmt::join(file.lines, " "));
    }
  }
  const auto listed = [&](const fs::path& source) {
    for (fs::path directory = source.parent_path(); !directory.empty(); directory = directory.parent_path()) {
      const auto list = lists.find(directory.generic_string());
      if (list == lists.end()) continue;
      const std::string name = source.lexically_relative(directory).generic_string();
      for (std::size_t at = list->second.find(name); at != std::string::npos; at = list->second.find(name, at + 1)) {
        const auto ends_word = [](char c) { return c == ' ' || c == '(' || c == ')' || c == '"'; };
        if (ends_word(list->second[at - 1]) && ends_word(list->second[at + name.size()])) return true;
      }
    }
    return false;
  };
  Violations found;
  for (const SourceFile& file : tree.files) {
    if (file.extension() == ".cpp" && !listed(file.path)) {
      found.push_back(fmt::format("{}:1: in no CMakeLists.txt, so nothing compiles it", file.path));
    }
  }
  return found;
}

Violations long_files(const SourceTree& tree) {
  static const std::set<std::string, std::less<>> code = {"",    ".cmake", ".cpp", ".css", ".h",
                                                          ".js", ".jsx",   ".py",  ".sh",  ".ts"};
  Violations found;
  for (const SourceFile& file : tree.files) {
    if (file.lines.size() <= kLongestFile || !code.contains(file.extension())) continue;
    const bool explained = std::any_of(file.lines.begin(), file.lines.end(), [](const std::string& line) {
      return line.find("Longer than 300 lines because ") != std::string::npos;
    });
    if (explained) continue;
    found.push_back(fmt::format("{}:{}: {} lines; split it, or say `Longer than 300 lines because ...` at its top",
                                file.path, kLongestFile + 1, file.lines.size()));
  }
  return found;
}

Violations unfinished_work(const SourceTree& tree) {
  static const std::regex pattern(R"(\b(TODO|FIXME|XXX)\b)");
  return judge_lines(tree, is_other_text, [](const SourceFile&, const std::string& line) -> std::string {
    return std::regex_search(line, pattern) ? "a note of unfinished work; do it or describe it as a limit" : "";
  });
}

Violations machine_paths(const SourceTree& tree) {
  static const std::regex pattern(R"((^|[\s"'(=`,:])/(home|root|work|Users|mnt)/)");
  return judge_lines(tree, is_other_text, [](const SourceFile&, const std::string& line) -> std::string {
    if (line.find('/') == std::string::npos || !std::regex_search(line, pattern)) return {};
    return "a path of one machine; make it relative to the root or to a temporary directory";
  });
}

Violations folders(const SourceTree& tree) {
  Violations found;
  for (const std::string& folder : tree.folders) {
    if (std::find(kFolders.begin(), kFolders.end(), folder) == kFolders.end()) {
      found.push_back(fmt::format("{}: not one of the top-level folders {}", folder, fmt::join(kFolders, ", ")));
    }
  }
  for (const std::string& folder : tree.folders) {
    const auto inside = [&](const SourceFile& file) { return file.folder() == folder && !file.lines.empty(); };
    const std::string readme = folder + "/README.md";
    const bool empty = std::none_of(tree.files.begin(), tree.files.end(), inside);
    const bool told =
        std::any_of(tree.files.begin(), tree.files.end(), [&](const auto& f) { return f.path == readme; });
    if (!empty && !told) {
      found.push_back(fmt::format("{}: missing; say what lives here, what it may know, how to add to it", readme));
    }
  }
  return found;
}

}  // namespace headlight::structure
