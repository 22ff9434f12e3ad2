#pragma once

#include "apps/page/view_run.h"
#include "apps/tasks/data_task.h"
#include "apps/tasks/task.h"

namespace headlight {

/// The texts of a task's ids. Symbols of a user's files are what stands there, not the names by which messages show them;
/// a byte beyond ASCII alone keeps its name.
ViewWords words_of(const Task& task);

/// The symbols of a run whose files are gone; marks that a task adds to them have no text here.
ViewWords words_of(const Vocabularies& vocabularies);

}  // namespace headlight
