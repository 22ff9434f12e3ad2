#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/headlight/build_facts.h"
#include "apps/headlight/command.h"

namespace headlight {

Command add_version(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app = program.add_subcommand("version", "what this program was built from");
  return {app, [] {
            print_result(
                fmt::format("headlight      {}\n"
                            "compiler       {}\n"
                            "build          {}\n"
                            "kernels        {}\n"
                            "fmt            {}.{}.{}\n"
                            "nlohmann/json  {}.{}.{}\n"
                            "CLI11          {}\n",
                            HEADLIGHT_VERSION, compiler_description(), HEADLIGHT_BUILD_TYPE, kernels_description(),
                            FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
                            NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
                            CLI11_VERSION));
            return static_cast<int>(kOk);
          }};
}

}  // namespace headlight
