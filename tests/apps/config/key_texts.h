#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/config/schema.h"

namespace headlight::testing {

/// "model.heads" as the pointer /model/heads.
nlohmann::json_pointer<std::string> pointer(std::string path);

/// A value that the key takes.
nlohmann::ordered_json sample(const config::schema::Key& key);

/// A config in which the key has an effect, without the key.
nlohmann::ordered_json around(const config::schema::Key& key);

/// The config with `written` standing for the key's value; `column` becomes the column of it.
std::string text_with(const config::schema::Key& key, const std::string& written, std::size_t& column);

bool is_section(const config::schema::Key& key);

/// The keys of the table but those inside of lists.
std::vector<const config::schema::Key*> keys();

}  // namespace headlight::testing
