#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "apps/check/checks.h"
#include "apps/check/row.h"
#include "apps/training/weights.h"
#include "core/io/system_error.h"
#include "core/parallel.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

/// True when two fresh modules of one seed agree on their first call.
bool fresh_ones_agree(const Probe& probe, const CheckInputs& inputs, const CheckCall& call) {
  const std::unique_ptr<Module> one = probe.instance();
  const std::unique_ptr<Module> two = probe.instance();
  const Array first = probe.output(*one, inputs, call);
  return same_bytes(first, probe.output(*two, inputs, call));
}

std::vector<Array> values_of(const Module& module) {
  std::vector<Array> values;
  for (const NamedParameter& parameter : module.parameters()) values.push_back(parameter.tensor.value());
  return values;
}

/// The first parameter whose bytes have changed, or "".
std::string changed_parameter(const Module& module, const std::vector<Array>& before) {
  const std::vector<NamedParameter> parameters = module.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!same_bytes(parameters[i].tensor.value(), before[i])) return parameters[i].name;
  }
  return "";
}

void try_repeat(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const bool statistics = probe.subject().promises.batch_statistics;
  const CheckInputs inputs = probe.inputs();
  for (const bool training : {false, true}) {
    if (training && statistics) continue;
    const std::unique_ptr<Module> module = probe.instance();
    const CheckCall call{.training = training};
    const std::vector<Array> values = values_of(*module);
    const Array cotangent = probe.random(probe.output(*module, inputs, call).shape(), 51);
    const CheckPass before = probe.pass(*module, inputs, call, cotangent);
    if (!statistics) probe.output(*module, probe.inputs(probe.batch(), probe.length(), 9), {.training = true});
    probe.output(*module, probe.inputs(2, std::max<std::size_t>(1, probe.length() - 1), 8), call);
    const CheckPass after = probe.pass(*module, inputs, call, cotangent);
    if (const std::string name = changed_parameter(*module, values); !name.empty()) {
      return row.fail("forward() changes the parameter `" + name + "`",
                      "only an optimiser writes parameters: look for an assign() in forward()");
    }
    const std::string what = difference_of(before, after);
    if (what.empty()) continue;
    const bool state = fresh_ones_agree(probe, inputs, call);
    return row.fail(what + " differs at the second call" +
                        (state ? ": something is kept between calls" : ": it is not a function of its inputs"),
                    state ? "look for members that forward() writes, and for static variables"
                          : "look for std::random_device, clocks, addresses, static counters or memory that is not "
                            "initialised: randomness comes from Context::random");
  }
  row.pass(statistics ? "outputs and gradients: same bytes (evaluation only)" : "outputs and gradients: same bytes");
}

void try_seed(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const std::unique_ptr<Module> one = probe.instance();
  const std::unique_ptr<Module> two = probe.instance();
  const std::vector<NamedParameter> parameters = one->parameters();
  const std::vector<NamedParameter> others = two->parameters();
  for (std::size_t i = 0; i < std::max(parameters.size(), others.size()); ++i) {
    const bool same = i < parameters.size() && i < others.size() && parameters[i].name == others[i].name &&
                      same_bytes(parameters[i].tensor.value(), others[i].tensor.value());
    if (same) continue;
    const std::string name = i < parameters.size() ? parameters[i].name : others[i].name;
    return row.fail("the same seed gives other first values of `" + name + "`",
                    "draw first values from the Init that is handed in, and from nothing else");
  }
  const CheckInputs inputs = probe.inputs();
  for (const bool training : {false, true}) {
    const CheckCall call{.training = training};
    const CheckPass first = probe.pass(*one, inputs, call);
    const std::string what = difference_of(first, probe.pass(*two, inputs, call));
    if (what.empty()) continue;
    return row.fail(
        what + " differs between two modules of the same seed" + (training ? ", while training" : ""),
        "look for std::random_device, clocks, addresses, static variables or memory that is not initialised");
  }
  row.pass("parameters and all else: same bytes");
}

/// A directory that goes away with the object.
class Scratch {
 public:
  Scratch() {
    std::error_code fault;
    const std::filesystem::path place = std::filesystem::temp_directory_path(fault);
    if (fault) raise_system_error("$TMPDIR", "find the directory for temporary files", fault.value());
    std::string pattern = (place / "headlight-check-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) raise_system_error(pattern, "create", errno);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path file() const { return path_ / "weights.safetensors"; }

 private:
  std::filesystem::path path_;
};

void try_saving(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  const Scratch scratch;
  const std::unique_ptr<Module> saved = probe.instance();
  const std::unique_ptr<Module> loaded = probe.other_instance();
  probe.output(*saved, probe.inputs(), {.training = true});  // running statistics move, and must be saved too
  save_weights(scratch.file(), *saved, {});
  load_weights(scratch.file(), *loaded);
  const CheckInputs inputs = probe.inputs();
  for (const bool training : {false, true}) {
    const CheckCall call{.training = training};
    const CheckPass first = probe.pass(*saved, inputs, call);
    const std::string what = difference_of(first, probe.pass(*loaded, inputs, call));
    if (what.empty()) continue;
    return row.fail(what + " differs in a fresh module of another seed that has loaded the weights" +
                        (training ? ", while training" : ""),
                    "look for values that are kept beside the parameters: copies made when it was built, tensors that "
                    "were not declared, random constants");
  }
  row.pass(fmt::format("{} tensors; outputs and gradients: same bytes", saved->parameters().size()));
}

/// Sets the number of threads and puts it back.
class Threads {
 public:
  Threads() : before_(thread_count()) {}
  ~Threads() {
    try {
      set_thread_count(before_);
    } catch (const std::exception&) {
      // It was the count a moment ago; where it cannot be set again, fewer threads compute the same.
    }
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  std::size_t before_;
};

void try_threads(const Study& study, RowBuilder& row) {
  const Probe& probe = study.probe;
  // Large enough for elementwise loops and products to be cut into several chunks.
  constexpr std::size_t kElements = 40'000;
  const std::size_t length = std::min<std::size_t>(64, probe.subject().max_length);
  const std::size_t row_size = length * std::max<std::size_t>(1, probe.subject().width);
  const std::size_t batch = std::clamp<std::size_t>(kElements / row_size, 4, 256);
  const CheckInputs inputs = probe.inputs(batch, length, 6);
  const std::unique_ptr<Module> module = probe.instance();
  const Threads restore;
  set_thread_count(1);
  const CheckCall call{.training = true, .mask = strongest_mask(study, batch, length)};
  const CheckPass alone = probe.pass(*module, inputs, call);
  for (const std::size_t threads : {2U, 3U}) {
    set_thread_count(threads);
    const std::string what = difference_of(alone, probe.pass(*module, inputs, call));
    if (what.empty()) continue;
    return row.fail(fmt::format("{} differs between 1 and {} threads", what, threads),
                    "cut loops with parallel_for() or parallel_ranges() into pieces that do not depend on "
                    "thread_count(), and add the pieces in a fixed order");
  }
  row.pass(fmt::format("same bytes; B {}, T {}", batch, length));
}

}  // namespace

std::vector<CheckRow> check_state(const Study& study) {
  return {run_check("repeat", "the same call, others in between", [&](RowBuilder& row) { try_repeat(study, row); }),
          run_check("seed", "two modules of one seed", [&](RowBuilder& row) { try_seed(study, row); }),
          run_check("save and load", "weights into a module of another seed",
                    [&](RowBuilder& row) { try_saving(study, row); }),
          run_check("threads", "1, 2 and 3 threads", [&](RowBuilder& row) { try_threads(study, row); })};
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
