#pragma once

#include <functional>
#include <string>

#include "apps/check/report.h"

/// How a check fills its row.
namespace headlight {

/// A row that is being filled. It has passed until somebody says otherwise.
class RowBuilder {
 public:
  RowBuilder(std::string name, std::string tested) : row_{.name = std::move(name), .tested = std::move(tested)} {}

  void pass(std::string figure) { set(Verdict::passed, std::move(figure), ""); }
  void fail(std::string figure, std::string advice) { set(Verdict::failed, std::move(figure), std::move(advice)); }
  void skip(std::string reason) { set(Verdict::not_applicable, std::move(reason), ""); }

  bool failed() const { return row_.verdict == Verdict::failed; }
  CheckRow& row() { return row_; }

 private:
  void set(Verdict verdict, std::string figure, std::string advice);

  CheckRow row_;
};

/// Runs one check and times it. What it throws makes the row fail with the message as its figure.
CheckRow run_check(std::string name, std::string tested, const std::function<void(RowBuilder&)>& check);

}  // namespace headlight
