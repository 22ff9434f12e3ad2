#include "apps/tasks/lines_task.h"

#include <algorithm>

#include "apps/data/record.h"
#include "apps/tasks/text_task.h"

namespace headlight {

LinesTask::LinesTask(const LinesOptions& options, const DataSource& source)
    : file_(scanned(source.evaluate.empty() ? options.path : source.evaluate, source.known)) {
  if (!source.evaluate.empty()) return;
  const std::uint64_t tenth = std::max<std::uint64_t>(file_.items() / 10, 1);
  const std::uint64_t held = options.eval_examples.value_or(std::min<std::uint64_t>(1000, tenth));
  holdout_ = Holdout::random(file_.items(), held, options.split_seed, "task.eval_examples");
}

LineFile LinesTask::scanned(const std::filesystem::path& path, const Vocabularies* known) {
  VocabularyBuilder builder(FieldKind::chars, {}, known != nullptr ? &*known->input : nullptr);
  FieldValue item;
  LineFile file(path, [&](const LinePlace& place, std::string_view line) {
    item.symbols.clear();
    split_characters(line, item.symbols);
    builder.add(item, {}, place);
    longest_ = std::max(longest_, item.symbols.size());
  });
  facts_ = {.files = {file.facts()}, .vocabularies = {.input = builder.finish(), .target = {}}};
  return file;
}

TaskShape LinesTask::shape() const {
  const std::size_t tokens = facts_.vocabularies.input->size() + 1;
  return {.vocabulary = tokens,
          .classes = tokens,
          .length = longest_ + 1,
          .target_length = longest_ + 1,
          .begin = 0,
          .end = 0,
          .begin_leads = true};
}

std::optional<std::uint64_t> LinesTask::examples(Split split) const {
  if (!holdout_) return split == Split::train ? 0 : file_.items();
  return split == Split::train ? holdout_->kept_count() : holdout_->held_count();
}

void LinesTask::example(const ExampleRequest& request, Example& example) const {
  check_request("lines", request);
  example.clear();
  std::uint64_t item = request.index;
  if (holdout_) item = request.split == Split::train ? holdout_->kept(item) : holdout_->held(item);
  std::string text;
  const std::uint64_t line = file_.read(item, text);
  FieldValue characters;
  split_characters(text, characters.symbols);
  encode(characters, *facts_.vocabularies.input, {}, 0, {facts_.files.front().path, line}, example.target);
  for (std::int32_t& id : example.target) ++id;
  example.size = example.target.size();
  example.input.push_back(0);
  example.input.insert(example.input.end(), example.target.begin(), example.target.end());
  example.target.push_back(0);
}

std::string LinesTask::token_text(std::int32_t id) const {
  const Vocabulary& characters = *facts_.vocabularies.input;
  return id == 0 ? characters.mark_text("stop") : characters.text(id - 1);
}

std::vector<AttentionPattern> LinesTask::patterns() const { return {previous_character()}; }

void LinesTask::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                           std::vector<std::size_t>& keys) const {
  if (query > 0 && query < example.input.size()) keys.push_back(query - 1);
}

}  // namespace headlight
