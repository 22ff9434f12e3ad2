#include "apps/config/schema.h"

#include <iterator>
#include <utility>

#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

const std::vector<Key>& table() {
  static const std::vector<Key> rows = [] {
    std::vector<Key> all;
    for (std::vector<Key> part : {run_rows(), task_rows(), pairs_task_rows(), algorithm_task_rows(), data_rows(),
                                  model_rows(), attention_rows(), weights_rows(), loss_rows(), optimizer_rows(),
                                  schedule_rows(), loop_rows(), growth_rows(), inspection_rows()}) {
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
  }();
  return rows;
}

}  // namespace headlight::config::schema
