#include "apps/tasks/task.h"

namespace headlight {

void Example::clear() {
  input.clear();
  vectors.clear();
  begun.clear();
  target.clear();
  values.clear();
  size = 0;
}

void Task::complete(std::vector<std::int32_t>& input) const {
  const TaskShape own = shape();
  if (!own.begin || own.second_vocabulary > 0) return;
  input.insert(own.begin_leads ? input.begin() : input.end(), *own.begin);
}

void Task::answer(Example& example) const {
  const TaskShape own = shape();
  if (own.second_vocabulary > 0) example.begun.assign(1, own.begin.value_or(0));
  const bool one = own.second_vocabulary > 0 || own.predict != Prediction::every;
  example.target.assign(one ? 1 : example.input.size(), kIgnoredTarget);
}

void Task::right_keys(std::size_t /*pattern*/, const Example& /*example*/, std::size_t /*query*/,
                      std::vector<std::size_t>& /*keys*/) const {}

}  // namespace headlight
