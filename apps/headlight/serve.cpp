#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/command.h"
#include "apps/headlight/run_facts.h"
#include "apps/headlight/view_sources.h"
#include "apps/serve/server.h"
#include "apps/training/json_file.h"
#include "apps/training/run_directory.h"
#include "apps/training/stop_signals.h"
#include "core/error.h"
#include "core/io/directory.h"

namespace headlight {
namespace {

struct ServeArguments {
  std::string directory{};
  int port = 8080;
};

constexpr auto kSignalLook = std::chrono::milliseconds(100);
constexpr int kLooksPerUpdate = 5;
/// Codes of attention that are held in memory and handed out.
constexpr std::uint64_t kServedCodes = std::uint64_t{128} << 20U;

/// When a run began, as its record says; 0 where it cannot be read.
double begun(const std::filesystem::path& run) {
  try {
    return read_json_file(run / kRunRecordFile).value("started", 0.0);
  } catch (const std::exception&) {
    return 0;
  }
}

/// The run in `directory`, or the one below it that was begun last.
std::filesystem::path run_to_serve(const std::string& directory, const GlobalOptions& global) {
  if (path_exists(std::filesystem::path(directory) / "config.json")) return directory;
  const std::vector<std::filesystem::path> runs =
      std::filesystem::is_directory(directory) ? find_runs(directory) : std::vector<std::filesystem::path>{};
  if (runs.empty()) {
    raise<ConfigError>("headlight serve", "there is no run in `" + directory + "`", {},
                       "give the directory of a run, or of runs, such as the `output.root` of your configs");
  }
  std::filesystem::path newest = runs.front();
  for (const std::filesystem::path& run : runs) {
    if (begun(run) > begun(newest)) newest = run;
  }
  if (runs.size() > 1) {
    print_note(global, fmt::format("the newest of {} runs is shown: {}\n", runs.size(), newest.string()));
  }
  return newest;
}

/// A word that tells this server from those before it.
std::string instance_word() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

int serve_run(const ServeArguments& arguments, const GlobalOptions& global) {
  const std::filesystem::path run = run_to_serve(arguments.directory, global);
  RunReader reader = open_run_reader(run, {}, kServedCodes);
  reader.update();
  LivePage page(instance_word(), page_generator());
  LiveServer server(arguments.port);
  server.publish(page.draw(reader.run(), page_time()));
  const StopSignals signals;
  server.start();
  print_result(fmt::format("http://127.0.0.1:{}/\n", server.port()));
  print_note(global, "to end: Ctrl-C\n");
  std::string told;
  for (int look = 1; StopSignals::received() == 0; ++look) {
    std::this_thread::sleep_for(kSignalLook);
    if (look % kLooksPerUpdate != 0) continue;
    try {
      if (reader.update()) server.publish(page.draw(reader.run(), page_time()));
      told.clear();
    } catch (const std::exception& error) {
      // The page stays as it was; the fault may pass, such as that of a run which is being removed.
      if (told != error.what()) print_note(global, fmt::format("warning: {}\n", error.what()));
      told = error.what();
    }
  }
  server.stop();
  return kOk;
}

}  // namespace

Command add_serve(CLI::App& program, const GlobalOptions& global) {
  CLI::App* const app = program.add_subcommand("serve", "shows a run in a browser of this machine while it trains");
  const auto arguments = std::make_shared<ServeArguments>();
  app->add_option("DIR", arguments->directory, "directory of a run, or of runs, of which the newest is shown")
      ->required();
  app->add_option("--port", arguments->port, "the port on 127.0.0.1; 0: any that is free (default: 8080)")
      ->check(CLI::Range(0, 65535));
  return {app, [arguments, &global] { return serve_run(*arguments, global); }};
}

}  // namespace headlight
