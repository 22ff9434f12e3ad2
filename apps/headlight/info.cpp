#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/headlight/build_facts.h"
#include "apps/headlight/command.h"
#include "core/parallel.h"

namespace headlight {

Command add_info(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app = program.add_subcommand("info", "what this program finds on this machine");
  return {app, [] {
            print_result(fmt::format("threads    {}\nkernels    {}\nprecision  float, 32 bits\n", thread_count(),
                                     kernels_description()));
            return static_cast<int>(kOk);
          }};
}

}  // namespace headlight
