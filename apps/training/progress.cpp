#include "apps/training/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include <nlohmann/json.hpp>

namespace headlight {
namespace {

constexpr std::chrono::milliseconds kBetweenDraws{100};

void write_stderr(const std::string& text) {
  // Best effort: a full disk or a closed terminal behind stderr is no reason to lose a run.
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (count <= 0) return;
    done += static_cast<std::size_t>(count);
  }
}

std::string percent(double share) {
  // Rounded down: 100 % is said of everything right, of nothing less.
  const double shown = share >= 1 ? 100 : std::min(100 * share, 99.99);
  return fmt::format("{:.2f} %", shown);
}

}  // namespace

std::string short_duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string short_count(double count) {
  if (count < 999.5) return fmt::format("{:.0f}", count);
  if (count < 999'500) return fmt::format("{:.3g}k", count / 1e3);
  if (count < 999.5e6) return fmt::format("{:.3g}M", count / 1e6);
  return fmt::format("{:.3g}G", count / 1e9);
}

std::string plain_line(const MetricsRow& row, std::uint64_t total_steps) {
  const std::string total = std::to_string(total_steps);
  std::string line = fmt::format("step {:>{}}/{}  {:<5}  loss {:.4f}", row.step, total.size(), total,
                                 row.split == Split::train ? "train" : "eval", row.loss);
  if (row.tok_acc) line += fmt::format("  tok_acc {}", percent(*row.tok_acc));
  if (row.seq_acc) line += fmt::format("  seq_acc {}", percent(*row.seq_acc));
  if (row.update) {
    line += fmt::format("  grad_norm {:.3g}  lr {:.2e}  {} tok/s", row.update->gradient_norm, row.update->learning_rate,
                        short_count(row.update->tokens_per_second));
  }
  if (row.hidden_rows > 0) line += fmt::format("  hidden_rows {}", row.hidden_rows);
  return line;
}

std::string bar_line(const ProgressFigures& figures, std::size_t width) {
  constexpr std::size_t kCells = 10;
  const double share =
      figures.total_steps == 0 ? 1 : static_cast<double>(figures.step) / static_cast<double>(figures.total_steps);
  const auto full = static_cast<std::size_t>(share * kCells);
  // The parts in the order in which they stand; what can be done without soonest has the highest number.
  struct Part {
    std::string text;
    int dispensable;
  };
  std::vector<Part> parts = {
      {fmt::format("[{}{}] {:>3.0f} %", std::string(full, '='), std::string(kCells - full, ' '), 100 * share), 0},
      {fmt::format("{}/{}", figures.step, figures.total_steps), 4}};
  if (figures.train) parts.push_back({fmt::format("loss {:.4f}", figures.train->loss), 2});
  if (figures.eval && figures.eval->tok_acc) {
    parts.push_back({fmt::format("acc {}", percent(*figures.eval->tok_acc)), 3});
  }
  if (figures.train && figures.train->update) {
    const MetricsRow::Update& update = *figures.train->update;
    parts.push_back({fmt::format("grad {:.2g}", update.gradient_norm), 5});
    parts.push_back({fmt::format("lr {:.1e}", update.learning_rate), 7});
    parts.push_back({fmt::format("{} tok/s", short_count(update.tokens_per_second)), 6});
  }
  parts.push_back(
      {fmt::format("{} < {}", short_duration(figures.elapsed_seconds), short_duration(figures.remaining_seconds)), 1});

  const auto joined = [&parts] {
    std::string line = parts.front().text;
    for (std::size_t i = 1; i < parts.size(); ++i) line += "  " + parts[i].text;
    return line;
  };
  std::string line = joined();
  while (line.size() > width && parts.size() > 1) {
    parts.erase(std::max_element(parts.begin(), parts.end(),
                                 [](const Part& x, const Part& y) { return x.dispensable < y.dispensable; }));
    line = joined();
  }
  return line.substr(0, width);
}

Progress::Progress(ProgressFormat format, std::uint64_t total_steps)
    : format_(format), begin_(Clock::now()), next_draw_(begin_) {
  figures_.total_steps = total_steps;
}

Progress::~Progress() { finish(); }

void Progress::draw() {
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
  const std::uint64_t done = figures_.step;
  figures_.elapsed_seconds = elapsed;
  figures_.remaining_seconds =
      done == 0 ? 0 : elapsed * static_cast<double>(figures_.total_steps - figures_.step) / static_cast<double>(done);
  // One column stays free: a terminal wraps a line that fills it.
  write_stderr("\r" + bar_line(figures_, terminal_width(STDERR_FILENO) - 1) + "\x1b[K");
  drawn_ = true;
}

void Progress::updated(std::uint64_t step) {
  figures_.step = step;
  if (format_ != ProgressFormat::bar) return;
  const Clock::time_point now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kBetweenDraws;
  draw();
}

void Progress::row(const MetricsRow& row, std::string_view json) {
  (row.split == Split::train ? figures_.train : figures_.eval) = row;
  if (format_ == ProgressFormat::plain) write_stderr(plain_line(row, figures_.total_steps) + "\n");
  if (format_ == ProgressFormat::json) write_stderr(std::string(json) + "\n");
}

void Progress::start(std::string_view table, std::string_view json) {
  if (format_ == ProgressFormat::quiet) return;
  write_stderr(format_ == ProgressFormat::json ? std::string(json) + "\n" : std::string(table) + "\n");
}

void Progress::note(std::string_view text) {
  if (format_ == ProgressFormat::quiet) return;
  if (format_ == ProgressFormat::json) {
    const nlohmann::ordered_json json{{"event", "note"}, {"text", text}};
    write_stderr(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    return;
  }
  write_stderr((drawn_ ? "\r\x1b[K" : "") + std::string(text) + "\n");
  drawn_ = false;
}

void Progress::finish() {
  if (format_ != ProgressFormat::bar || !drawn_) return;
  draw();
  write_stderr("\n");
  drawn_ = false;
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) != 0; }

std::size_t terminal_width(int descriptor) {
  struct winsize size = {};
  constexpr std::size_t kDefault = 80;
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return kDefault;
  return size.ws_col;
}

}  // namespace headlight
