#include "apps/config/problem.h"

#include <fmt/format.h>

#include <algorithm>

namespace headlight::config::schema {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kShownColumns = 100;
constexpr std::size_t kColumnsBefore = 40;  // shown left of the place when the line is longer
constexpr std::size_t kShownProblems = 50;
constexpr std::size_t kQuotedColumns = 40;

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

/// The code points of a line, with control characters and broken bytes replaced: a config may hold terminal escapes.
std::vector<std::string> printable(std::string_view text) {
  std::vector<std::string> points;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (i + length < text.size() && length < 4 && continues(text[i + length])) ++length;
    const std::string_view point = text.substr(i, length);
    const auto lead = static_cast<unsigned char>(point.front());
    const bool c1_control = length == 2 && lead == 0xC2U && static_cast<unsigned char>(point[1]) < 0xA0U;
    if (lead < 0x20U || lead == 0x7FU || c1_control) {
      points.emplace_back(" ");
    } else if (find_invalid_utf8(point) != std::string_view::npos) {
      points.emplace_back("?");
    } else {
      points.emplace_back(point);
    }
    i += length;
  }
  return points;
}

std::string cut(std::string_view text, std::string_view fence) {
  std::string shown{fence};
  const std::vector<std::string> points = printable(text.substr(0, 4 * kQuotedColumns + 4));
  for (std::size_t i = 0; i < std::min(points.size(), kQuotedColumns); ++i) shown += points[i];
  if (points.size() > kQuotedColumns) shown += "...";
  return shown.append(fence);
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
  const std::size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  if (newline != std::string_view::npos) return newline + 1;
  return text.starts_with(kByteOrderMark) && offset >= kByteOrderMark.size() ? kByteOrderMark.size() : 0;
}

/// The line of the place in a window of kShownColumns, and carets under the place.
std::string excerpt(const Place& place) {
  const std::string_view text = place.source->text;
  const std::size_t begin = line_begin(text, place.begin);
  std::size_t end = std::min(text.find('\n', begin), text.size());
  if (end > begin && text[end - 1] == '\r') --end;
  const std::vector<std::string> points = printable(text.substr(begin, end - begin));

  const std::size_t first = code_points(text.substr(begin, place.begin - begin));
  const std::size_t shown_end = std::clamp(place.end, place.begin, std::max(end, place.begin));
  const std::size_t carets = std::max<std::size_t>(1, code_points(text.substr(place.begin, shown_end - place.begin)));

  const std::size_t window = first + carets < kShownColumns ? 0 : first - std::min(first, kColumnsBefore);
  const std::size_t window_end = std::min(points.size(), window + kShownColumns);
  std::string line = window > 0 ? "... " : "";
  const std::size_t indent = line.size() + first - window;
  for (std::size_t i = window; i < window_end; ++i) line += points[i];
  if (window_end < points.size()) line += " ...";

  const std::string number =
      place.source->command_line ? "" : std::to_string(position(*place.source, place.begin).line);
  const std::size_t visible = std::min(carets, std::max<std::size_t>(1, window_end - std::min(first, window_end)));
  return fmt::format("{:>4} | {}\n{:>{}} | {:{}}{}\n", number, line, "", std::max<std::size_t>(4, number.size()), "",
                     indent, std::string(visible, '^'));
}

}  // namespace

Position position(const Source& source, std::size_t offset) {
  const std::string_view text = source.text;
  offset = std::min(offset, text.size());
  const auto newlines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  const std::size_t begin = line_begin(text, offset);
  return {.line = static_cast<std::size_t>(newlines) + 1,
          .column = code_points(text.substr(begin, offset - begin)) + 1};
}

std::string format(const Problem& problem) {
  std::string text = fmt::format("error: {}\n", problem.what);
  if (const Source* source = problem.place.source) {
    if (source->command_line) {
      text += fmt::format("  --> {}\n", source->name);
    } else {
      const Position at = position(*source, problem.place.begin);
      text += fmt::format("  --> {}:{}:{}\n", source->name, at.line, at.column);
    }
    text += excerpt(problem.place);
  }
  if (!problem.help.empty()) text += fmt::format("help: {}\n", problem.help);
  return text;
}

std::string format(std::vector<Problem> problems, const std::vector<const Source*>& order) {
  const auto rank = [&order](const Problem& problem) {
    return std::find(order.begin(), order.end(), problem.place.source) - order.begin();
  };
  std::stable_sort(problems.begin(), problems.end(), [&rank](const Problem& a, const Problem& b) {
    const auto rank_a = rank(a);
    const auto rank_b = rank(b);
    return rank_a != rank_b ? rank_a < rank_b : a.place.begin < b.place.begin;
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i) {
    if (i > 0) text += '\n';
    text += format(problems[i]);
  }
  if (problems.size() > kShownProblems) {
    text += fmt::format("\nerror: and {} more problems like these\n", problems.size() - kShownProblems);
  }
  return text;
}

std::size_t find_invalid_utf8(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    if (lead < 0x80U) {
      ++i;
      continue;
    }
    // The second byte is bounded so that over-long forms, surrogates and values above U+10FFFF do not pass.
    const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
    const unsigned low = lead == 0xE0U ? 0xA0U : lead == 0xF0U ? 0x90U : 0x80U;
    const unsigned high = lead == 0xEDU ? 0x9FU : lead == 0xF4U ? 0x8FU : 0xBFU;
    if (lead < 0xC2U || lead > 0xF4U || byte(i + 1) < low || byte(i + 1) > high) return i;
    for (std::size_t k = 2; k < length; ++k) {
      if (byte(i + k) < 0x80U || byte(i + k) > 0xBFU) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string in_quotes(std::string_view text) { return cut(text, "\""); }

std::string as_key(std::string_view text) { return cut(text, "`"); }

}  // namespace headlight::config::schema
