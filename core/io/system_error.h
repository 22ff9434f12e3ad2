#pragma once

#include <filesystem>
#include <string_view>

namespace headlight {

/// Throws FileError for a failed system call: `path: cannot <action>; <reason> (errno n); <what to do>`.
/// `remedy` is given where the caller knows more than the reason tells.
[[noreturn]] void raise_system_error(const std::filesystem::path& path, std::string_view action, int error,
                                     std::string_view remedy = {});

}  // namespace headlight
