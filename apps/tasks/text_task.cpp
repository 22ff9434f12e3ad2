#include "apps/tasks/text_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/data/line_faults.h"
#include "apps/data/symbol_text.h"
#include "apps/data/utf8.h"
#include "core/error.h"

namespace headlight {
namespace {

/// Windows side by side that predict `tokens` tokens but the first.
std::uint64_t windows_in(std::uint64_t tokens, std::uint64_t window) {
  return tokens < 2 ? 0 : (tokens - 2) / window + 1;
}

}  // namespace

AttentionPattern previous_character() {
  return {.name = "previous_char", .block = "dec.self", .doc = "the character before", .width = 0};
}

TextTask::TextTask(const TextOptions& options, const DataSource& source)
    : options_(options), file_(source.evaluate.empty() ? options.path : source.evaluate, options.unit), trained_(0) {
  const std::uint64_t size = file_.size();
  const std::string name = file_.facts().path.string();
  if (source.evaluate.empty())
    trained_ = static_cast<std::uint64_t>(std::floor(static_cast<double>(size) * options.split));
  if (source.evaluate.empty() && trained_ <= options.window) {
    raise<ConfigError>(name, "the part to train on is shorter than one window and the token behind it",
                       fmt::format("{} of {} tokens, `model.max_len` {}", trained_, size, options.window),
                       "give a longer text, or lower `model.max_len`");
  }
  if (size - trained_ < 2) {
    raise<ConfigError>(name, "the held-out part of the text has nothing to predict",
                       fmt::format("{} of {} tokens", size - trained_, size),
                       "give a longer text, or lower `task.split`");
  }
  facts_.files = {file_.facts()};
  make_vocabulary(source.known);
}

void TextTask::make_vocabulary(const Vocabularies* known) {
  if (options_.unit == TextUnit::byte) {
    facts_.vocabularies.input = Vocabulary::bytes();
    return;
  }
  if (known == nullptr) {
    std::vector<std::string> characters;
    characters.reserve(file_.seen().size());
    for (const TextFile::Seen& seen : file_.seen()) characters.push_back(to_utf8(seen.unit));
    facts_.vocabularies.input = Vocabulary::of(Vocabulary::Kind::chars, std::move(characters));
    return;
  }
  facts_.vocabularies = *known;
  LineFaults faults;
  for (const TextFile::Seen& seen : file_.seen()) {
    const std::string character = to_utf8(seen.unit);
    faults.collect([&] {
      if (!known->input->id(character))
        refuse_symbol(character_text(character), {facts_.files.front().path, seen.line});
    });
  }
  faults.raise_all();
}

TaskShape TextTask::shape() const {
  const std::size_t tokens = facts_.vocabularies.input->size();
  return {.vocabulary = tokens, .classes = tokens, .length = options_.window, .target_length = options_.window};
}

std::optional<std::uint64_t> TextTask::examples(Split split) const {
  if (split == Split::eval) return windows_in(file_.size() - trained_, options_.window);
  if (trained_ == 0) return 0;
  return options_.random_windows ? trained_ - options_.window : windows_in(trained_, options_.window);
}

void TextTask::example(const ExampleRequest& request, Example& example) const {
  check_request("text", request);
  example.clear();
  const bool train = request.split == Split::train;
  const std::uint64_t stride = train && options_.random_windows ? 1 : options_.window;
  const std::uint64_t begin = (train ? 0 : trained_) + request.index * stride;
  const std::uint64_t end = train ? trained_ : file_.size();
  std::vector<char32_t> units;
  file_.read(begin, std::min<std::uint64_t>(options_.window + 1, end - begin), units);
  std::vector<std::int32_t> ids;
  ids.reserve(units.size());
  for (const char32_t unit : units) {
    if (options_.unit == TextUnit::byte) {
      ids.push_back(static_cast<std::int32_t>(unit));
      continue;
    }
    const std::optional<std::int32_t> id = facts_.vocabularies.input->id(to_utf8(unit));
    if (!id) {
      raise<ConfigError>(file_.facts().path.string(), "the file has changed while it was in use", {}, "start again");
    }
    ids.push_back(*id);
  }
  example.input.assign(ids.begin(), ids.end() - 1);
  example.target.assign(ids.begin() + 1, ids.end());
  // One size for all, though the last one of a part may be shorter: a text has no lengths to report by.
  example.size = options_.window;
}

std::vector<AttentionPattern> TextTask::patterns() const { return {previous_character()}; }

void TextTask::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                          std::vector<std::size_t>& keys) const {
  if (query > 0 && query < example.input.size()) keys.push_back(query - 1);
}

}  // namespace headlight
