#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

/// What a fuzz target defines: one input, tried in whatever way the target is about. It returns 0; an Error thrown by
/// the library is caught inside (bad input is answered so), everything else ends the process and is a finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // NOLINT: libFuzzer's name

namespace headlight::fuzzing {

/// Puts the bytes into a file in memory and returns its path; the same file for every call.
std::filesystem::path memory_file(std::span<const std::uint8_t> bytes);

/// Ends the process with a message when a property does not hold.
void require(bool holds, const char* property);

}  // namespace headlight::fuzzing
