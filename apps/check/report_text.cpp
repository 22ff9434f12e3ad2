#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "apps/check/report.h"
#include "apps/inspect/ansi.h"

namespace headlight {
namespace {

constexpr std::size_t kNarrowest = 24;  // columns for a wrapped text, whatever the terminal

/// A text broken at blanks into lines of at most `width` columns; a longer word stands alone.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (line.size() + 1 + word.size() <= width) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

struct Word {
  const char* text;
  TextStyle style;
};

Word word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return {"ok", {.foreground = Rgb{0x2e, 0xa0, 0x43}}};
    case Verdict::failed:
      return {"FAILED", {.foreground = Rgb{0xe5, 0x48, 0x4d}, .bold = true}};
    case Verdict::not_applicable:
      break;
  }
  return {"-", {.dim = true}};
}

constexpr std::size_t kGap = 2;
constexpr std::size_t kResultWidth = 6;
constexpr std::size_t kWide = 100;  // columns from which on what was tested has a column of its own

/// Columns: the name, the result, what was tested, what came out. In a narrow terminal the last two share one.
class Table {
 public:
  Table(const CheckReport& report, const ReportStyle& style) : style_(style) {
    for (const CheckRow& row : report.rows) {
      name_width_ = std::max(name_width_, row.name.size());
      tested_width_ = std::max(tested_width_, row.tested.size());
    }
    if (style_.width < kWide) tested_width_ = 0;
  }

  void add_header() { add_lines("check", {"result", {}}, "what was tested", "what came out", TextStyle{.dim = true}); }

  void add(const CheckRow& row) {
    const Word word = word_of(row.verdict);
    const TextStyle style = row.verdict == Verdict::not_applicable ? TextStyle{.dim = true} : TextStyle{};
    add_lines(row.name, word, row.tested, row.figure, style);
    if (!row.advice.empty()) add_lines("", {"", {}}, "", "-> " + row.advice, {.bold = true});
  }

  std::string text() const { return text_; }

 private:
  void add_lines(const std::string& name, const Word& word, const std::string& tested, const std::string& figure,
                 const TextStyle& style) {
    std::size_t indent = name_width_ + kGap + kResultWidth + kGap;
    const std::size_t tested_at = indent;
    if (tested_width_ != 0) indent += tested_width_ + kGap;
    const bool joined = tested_width_ == 0 && !tested.empty();
    const std::size_t room = std::max(kNarrowest, style_.width > indent ? style_.width - indent : 0);
    std::string text = figure;
    if (joined) text.insert(0, tested + ": ");
    bool first = true;
    for (const std::string& part : wrapped(text, room)) {
      StyledLine line(style_.color);
      if (first) {
        line.append(name);
        line.fill_to(name_width_ + kGap);
        line.append(word.text, word.style);
        line.fill_to(tested_at);
        if (tested_width_ != 0) line.append(tested, TextStyle{.dim = true});
      }
      line.fill_to(indent);
      line.append(part, style);
      text_ += line.text() + "\n";
      first = false;
    }
  }

  ReportStyle style_;
  std::size_t name_width_ = 5;
  std::size_t tested_width_ = 15;
  std::string text_;
};

}  // namespace

std::string to_string(const CheckReport& report, const ReportStyle& style) {
  std::string text;
  for (const std::string& line : wrapped(report.subject, std::max(kNarrowest, style.width))) text += line + "\n";
  for (const std::string& fact : report.facts) {
    bool first = true;
    for (const std::string& line : wrapped(fact, std::max(kNarrowest, style.width - 4))) {
      text += (first ? "  * " : "    ") + line + "\n";
      first = false;
    }
  }
  Table table(report, style);
  table.add_header();
  for (const CheckRow& row : report.rows) table.add(row);
  const std::size_t failed = report.rows_with(Verdict::failed).size();
  const std::size_t skipped = report.rows_with(Verdict::not_applicable).size();
  text += "\n" + table.text();
  text += fmt::format("\n{} checks: {} passed, {} failed, {} {} not apply; {:.1f} s\n", report.rows.size(),
                      report.rows.size() - failed - skipped, failed, skipped, skipped == 1 ? "does" : "do",
                      report.seconds());
  return text;
}

}  // namespace headlight
