#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/config/schema.h"
#include "core/words.h"

namespace headlight::config::schema {

/// What to do about a key that the object does not have. In this order: the name is another tool's; the key belongs to
/// another section; a key here is written alike; else all keys of the object.
std::string suggest_key(std::string_view written, const Branch& object);

/// What to do about a text that is not among the choices: the nearest one, and all of them.
std::string suggest_choice(std::string_view written, const Type& type);

/// "give the path of a file: a safetensors file": what a key takes, and what it says.
std::string what_to_give(const Key& key);

/// "`model` knows: `arch`, ...": all keys of the object.
std::string list_of_keys(const Branch& object);

/// Names in other tools and the path of our key; a test holds that each path exists.
const std::vector<std::pair<std::string, std::string>>& names_of_other_tools();

}  // namespace headlight::config::schema
