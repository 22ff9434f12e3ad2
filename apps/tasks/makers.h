#pragma once

#include <memory>

#include "apps/config/config.h"
#include "apps/tasks/example_random.h"
#include "apps/tasks/sequence_task.h"
#include "apps/tasks/task.h"

/// Tasks from configs: what the entries of registry.cpp call.
namespace headlight {

/// How a task that answers sequences is laid out for a model.
SequenceLayout layout_of(config::Arch arch);

/// The lengths of a task, of linreg its points, with those that its evaluation asks for.
Lengths lengths_of(const config::TaskConfig& task);

std::unique_ptr<Task> make_addition(const config::Config& config);
std::unique_ptr<Task> make_copy(const config::Config& config);
std::unique_ptr<Task> make_induction(const config::Config& config);
std::unique_ptr<Task> make_modular(const config::Config& config);
std::unique_ptr<Task> make_sort(const config::Config& config);

}  // namespace headlight
