// No feature is forgotten: features.tsv lists them all, and each one that is built has exactly one test, where it says.
#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

const std::string kDirectory = std::string(HEADLIGHT_SOURCE_DIR) + "/tests/rows/";

struct Row {
  std::string number, feature, where;
};

std::vector<Row> listed_rows() {
  std::ifstream file(kDirectory + "features.tsv");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream parts(line);
    Row row;
    std::getline(parts, row.number, '\t');
    std::getline(parts, row.feature, '\t');
    std::getline(parts, row.where, '\t');
    rows.push_back(row);
  }
  return rows;
}

/// The numbers of the rows that a source file tests.
std::vector<std::string> tested_rows(const std::string& name) {
  std::ifstream file(kDirectory + name);
  REQUIRE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  const std::string source = text.str();
  const std::regex test(R"rx(TEST_CASE\(\s*"row ([^:]+): )rx");
  std::vector<std::string> numbers;
  for (std::sregex_iterator at(source.begin(), source.end(), test), end; at != end; ++at) numbers.push_back((*at)[1]);
  return numbers;
}

}  // namespace

TEST_CASE("the features are numbered 1 to 56 and N1 to N15, each with words and a place") {
  const std::vector<Row> rows = listed_rows();
  REQUIRE(rows.size() == 71);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].number == (i < 56 ? std::to_string(i + 1) : "N" + std::to_string(i - 55)));
    CHECK_FALSE(rows[i].feature.empty());
    const bool later = rows[i].where.starts_with("later");
    CHECK((later || rows[i].where.ends_with(".cpp")));
  }
}

TEST_CASE("each feature that is built has one test in the file that the list names, and no test is unlisted") {
  std::map<std::string, std::vector<std::string>> wanted;
  for (const Row& row : listed_rows()) {
    if (!row.where.starts_with("later")) wanted[row.where].push_back(row.number);
  }
  for (auto& [file, numbers] : wanted) {
    INFO(file);
    std::vector<std::string> tested = tested_rows(file);
    std::sort(tested.begin(), tested.end());
    std::sort(numbers.begin(), numbers.end());
    CHECK(tested == numbers);
  }
}
