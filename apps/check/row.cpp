#include "apps/check/row.h"

#include <chrono>
#include <exception>
#include <new>
#include <utility>

namespace headlight {

void RowBuilder::set(Verdict verdict, std::string figure, std::string advice) {
  row_.verdict = verdict;
  row_.figure = std::move(figure);
  row_.advice = std::move(advice);
}

CheckRow run_check(std::string name, std::string tested, const std::function<void(RowBuilder&)>& check) {
  const auto start = std::chrono::steady_clock::now();
  RowBuilder builder(std::move(name), std::move(tested));
  try {
    check(builder);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    builder.fail(std::string("an exception: ") + error.what(),
                 "nothing may be thrown for such a call: the message says what was met");
  }
  builder.row().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return std::move(builder.row());
}

}  // namespace headlight
