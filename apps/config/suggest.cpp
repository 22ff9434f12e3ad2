#include "apps/config/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <optional>

#include "apps/config/problem.h"

namespace headlight::config::schema {

namespace {

constexpr std::size_t kLongestWord = 64;  // longer words are never near a key
constexpr std::size_t kLargestDistance = 3;

/// "numHeads" and "num-heads" become "num_heads".
std::string snake_case(std::string_view word) {
  std::string snake;
  for (const char c : word.substr(0, kLongestWord)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isupper(byte) != 0) {
      const bool inner = !snake.empty() && std::islower(static_cast<unsigned char>(snake.back())) != 0;
      if (inner) snake += '_';
      snake += static_cast<char>(std::tolower(byte));
    } else {
      snake += c == '-' || c == ' ' || c == '.' ? '_' : c;
    }
  }
  return snake;
}

std::string lower_case(std::string_view word) {
  std::string lower;
  for (const char c : word) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// How the key at `path` is called by someone who writes in `object`: its name alone when it is in the same object.
std::string name_from(const Branch& object, const Branch& key) { return key.parent == &object ? key.name : key.path(); }

std::optional<std::string> another_tools_name(const std::string& word, const Branch& object) {
  const auto& names = names_of_other_tools();
  const auto found = std::find_if(names.begin(), names.end(), [&word](const auto& pair) { return pair.first == word; });
  if (found == names.end()) return std::nullopt;
  return name_from(object, *find_branch(found->second));
}

void find_everywhere(const Branch& branch, std::string_view name, std::vector<const Branch*>& found) {
  for (const auto& child : branch.children) {
    if (child->name == name) found.push_back(child.get());
    find_everywhere(*child, name, found);
  }
}

/// The places of the config that have a key of that name, in words: "`optimizer`", or "`trainer` and `schedule`".
std::string other_sections(std::string_view word, const Branch& object) {
  std::vector<const Branch*> found;
  find_everywhere(tree(), word, found);
  std::vector<std::string> places;
  for (const Branch* branch : found) {
    std::string place = branch->parent->key == nullptr ? "the top level" : owner(*branch->parent);
    const bool known = std::find(places.begin(), places.end(), place) != places.end();
    if (branch->parent != &object && !branch->parent->is_list() && !known) places.push_back(std::move(place));
  }
  return fmt::format("{}", fmt::join(places, " or "));
}

constexpr std::array<std::pair<const char*, const char*>, 14> kChoicesOfOtherTools{{
    {"swish", "silu"},
    {"gelu_new", "gelu_tanh"},
    {"gelu_pytorch_tanh", "gelu_tanh"},
    {"gelu_erf", "gelu"},
    {"sin", "sinusoidal"},
    {"sincos", "sinusoidal"},
    {"absolute", "learned"},
    {"prenorm", "pre"},
    {"pre_ln", "pre"},
    {"postnorm", "post"},
    {"post_ln", "post"},
    {"xavier", "xavier_uniform"},
    {"glorot_uniform", "xavier_uniform"},
    {"gaussian", "normal"},
}};

}  // namespace

std::string what_to_give(const Key& key) { return fmt::format("give {}: {}", describe(key.type), key.doc); }

std::string list_of_keys(const Branch& object) {
  std::vector<std::string> names;
  for (const auto& child : object.children) {
    std::string name = as_key(child->name);
    if (child->name != "$schema" && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return fmt::format("{} knows: {}", owner(object), fmt::join(names, ", "));
}

std::string suggest_key(std::string_view written, const Branch& object) {
  const std::string word = snake_case(written);
  if (object.find(word) != nullptr) return fmt::format("it is written `{}`", word);
  if (const auto name = another_tools_name(word, object)) {
    return fmt::format("{} is called `{}` here", as_key(written), *name);
  }
  if (const std::string sections = other_sections(word, object); !sections.empty()) {
    return fmt::format("`{}` belongs under {}", word, sections);
  }
  std::vector<std::string> nearest;
  std::size_t least = kLargestDistance + 1;
  for (const auto& child : object.children) {
    if (!is_near(word, child->name)) continue;
    const std::size_t distance = edit_distance(word, child->name);
    if (distance < least) nearest.clear();
    least = std::min(least, distance);
    if (distance == least) nearest.push_back(as_key(child->name));
  }
  // Of `heads` and `kv_heads`, both two edits from `n_heads`, the one is meant that ends it.
  const auto ends_it = [&word](const std::string& key) { return word.ends_with(key.substr(1, key.size() - 2)); };
  if (std::any_of(nearest.begin(), nearest.end(), ends_it)) std::erase_if(nearest, std::not_fn(ends_it));
  if (nearest.size() == 1) return fmt::format("a key with a similar name exists: {}", nearest.front());
  if (!nearest.empty()) return fmt::format("keys with similar names exist: {}", fmt::join(nearest, ", "));
  return list_of_keys(object);
}

std::string suggest_choice(std::string_view written, const Type& type) {
  const std::string lower = lower_case(written.substr(0, kLongestWord));
  const std::string word = snake_case(lower);
  std::string nearest;
  std::size_t least = kLargestDistance + 1;
  for (const auto& [name, value] : type.choices) {
    const std::size_t distance = word == name ? 0 : edit_distance(word, name);
    if ((distance == 0 || is_near(word, name)) && distance < least) {
      least = distance;
      nearest = name;
    }
  }
  for (const auto& [theirs, ours] : kChoicesOfOtherTools) {
    const bool offered = std::any_of(type.choices.begin(), type.choices.end(),
                                     [ours = ours](const auto& choice) { return choice.first == ours; });
    if (word == theirs && offered) nearest = ours;
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : type.choices) names.push_back(in_quotes(name));
  if (names.size() == 1) return fmt::format("the only choice is {}", names.front());
  const std::string all = fmt::format("the choices are {}", fmt::join(names, ", "));
  return nearest.empty() ? all : fmt::format("did you mean {}? {}", in_quotes(nearest), all);
}

}  // namespace headlight::config::schema
