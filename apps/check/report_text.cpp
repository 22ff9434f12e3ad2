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

/// Three columns: the name, the result, and what was tested with what came out of it.
class Table {
 public:
  Table(const CheckReport& report, const ReportStyle& style) : style_(style) {
    for (const CheckRow& row : report.rows) name_width_ = std::max(name_width_, row.name.size());
  }

  void add(const CheckRow& row) {
    const Word word = word_of(row.verdict);
    const bool applies = row.verdict != Verdict::not_applicable;
    add_line(row.name, word, applies ? row.tested + ": " + row.figure : "does not apply: " + row.figure,
             applies ? TextStyle{} : TextStyle{.dim = true});
    if (!row.advice.empty()) add_line("", {"", {}}, "-> " + row.advice, {.bold = true});
  }

  void add_header() { add_line("check", {"result", {}}, "what was tested: what came out", {.dim = true}); }

  std::string text() const { return text_; }

 private:
  void add_line(const std::string& name, const Word& word, const std::string& shown, const TextStyle& style) {
    const std::size_t indent = name_width_ + 2 + 6 + 2;
    const std::size_t room = std::max(kNarrowest, style_.width > indent ? style_.width - indent : 0);
    bool first = true;
    for (const std::string& part : wrapped(shown, room)) {
      StyledLine line(style_.color);
      if (first) {
        line.append(name);
        line.fill_to(name_width_ + 2);
        line.append(word.text, word.style);
      }
      line.fill_to(indent);
      line.append(part, style);
      text_ += line.text() + "\n";
      first = false;
    }
  }

  ReportStyle style_;
  std::size_t name_width_ = 5;
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
