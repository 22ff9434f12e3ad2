#include <string>

#include <CLI/CLI.hpp>

#include "apps/headlight/command.h"
#include "layers/registry.h"

namespace headlight {

Command add_layers(CLI::App& program, const GlobalOptions& global) {
  static_cast<void>(global);
  CLI::App* const app = program.add_subcommand("layers", "the registered types of layers");
  return {app, [] {
            std::string list;
            for (const std::string& type : registered_layers()) list += type + "\n";
            print_result(list);
            return static_cast<int>(kOk);
          }};
}

}  // namespace headlight
