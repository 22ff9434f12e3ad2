#include "apps/page/words.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "apps/tasks/data_task.h"

namespace headlight {
namespace {

/// Adds what the symbols of a vocabulary are, by the text that Task::token_text() gives for them.
void add_symbols(const std::optional<Vocabulary>& vocabulary, std::map<std::string, std::string>& exact) {
  if (!vocabulary) return;
  const bool bytes = vocabulary->kind() == Vocabulary::Kind::bytes;
  const nlohmann::ordered_json json = vocabulary->to_json();
  for (std::size_t id = 0; id < vocabulary->size(); ++id) {
    if (bytes && id >= 0x80) continue;
    if (!bytes && !json.contains("symbols")) continue;
    exact.emplace(vocabulary->text(static_cast<std::int32_t>(id)),
                  bytes ? std::string(1, static_cast<char>(id)) : json["symbols"][id].get<std::string>());
  }
}

template <class Text>
std::vector<std::string> texts(std::size_t count, const std::map<std::string, std::string>& exact,
                               const Text& text_of) {
  std::vector<std::string> all;
  for (std::size_t id = 0; id < count; ++id) {
    const std::string text = text_of(static_cast<std::int32_t>(id));
    const auto found = exact.find(text);
    all.push_back(found == exact.end() ? text : found->second);
  }
  return all;
}

bool begins_with(const std::vector<std::string>& list, const std::vector<std::string>& start) {
  return start.size() <= list.size() && std::equal(start.begin(), start.end(), list.begin());
}

std::vector<std::string> symbols_of(const std::optional<Vocabulary>& vocabulary) {
  std::vector<std::string> symbols;
  if (!vocabulary) return symbols;
  std::map<std::string, std::string> exact;
  add_symbols(vocabulary, exact);
  return texts(vocabulary->size(), exact, [&](std::int32_t id) { return vocabulary->text(id); });
}

ViewWords joined(std::vector<std::string> inputs, std::vector<std::string> answers) {
  ViewWords words;
  words.vocab = std::move(inputs);
  // Of two lists of which one goes on where the other ends, the longer serves both.
  if (begins_with(answers, words.vocab)) {
    words.vocab = std::move(answers);
  } else if (!begins_with(words.vocab, answers)) {
    words.target_vocab = std::move(answers);
  }
  return words;
}

}  // namespace

ViewWords words_of(const Task& task) {
  const TaskShape shape = task.shape();
  std::map<std::string, std::string> input;
  std::map<std::string, std::string> target;
  if (const auto* const data = dynamic_cast<const DataTask*>(&task)) {
    const Vocabularies& known = data->facts().vocabularies;
    add_symbols(known.input, input);
    add_symbols(known.target ? known.target : known.input, target);
  }
  ViewWords words = joined(texts(shape.vocabulary, input, [&](std::int32_t id) { return task.token_text(id); }),
                           texts(std::max(shape.classes, shape.second_vocabulary), target,
                                 [&](std::int32_t id) { return task.target_text(id); }));
  words.positions = shape.predict == Prediction::pointer;
  return words;
}

ViewWords words_of(const Vocabularies& vocabularies) {
  return joined(symbols_of(vocabularies.input), symbols_of(vocabularies.target));
}

}  // namespace headlight
