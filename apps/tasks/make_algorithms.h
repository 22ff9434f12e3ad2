#pragma once

#include <memory>

#include "apps/config/config.h"
#include "apps/tasks/task.h"

/// From a config to the tasks recall, mqar, rasp, formal and linreg. Each throws what the task's constructor throws.
namespace headlight {

std::unique_ptr<Task> make_recall(const config::Config& config);
std::unique_ptr<Task> make_mqar(const config::Config& config);
std::unique_ptr<Task> make_rasp(const config::Config& config);
std::unique_ptr<Task> make_formal(const config::Config& config);
std::unique_ptr<Task> make_linreg(const config::Config& config);

}  // namespace headlight
