#include "core/error.h"

namespace headlight {

std::string message(std::string_view where, std::string_view what, std::string_view values, std::string_view remedy) {
  std::string text;
  text.reserve(where.size() + what.size() + values.size() + remedy.size() + 6);
  if (!where.empty()) text.append(where).append(": ");
  text.append(what);
  for (const std::string_view part : {values, remedy}) {
    if (!part.empty()) text.append("; ").append(part);
  }
  return text;
}

}  // namespace headlight
