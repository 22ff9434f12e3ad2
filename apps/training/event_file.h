#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/io/file.h"

/// Event files of TensorBoard: a run's figures in the format that its `--logdir` reads.
namespace headlight {

/// CRC-32C (Castagnoli; reflected polynomial 0x82F63B78) of the bytes: 0xE3069283 for "123456789".
std::uint32_t crc32c(std::string_view bytes);

/// One record: length (8 bytes), masked CRC of those, payload, masked CRC of the payload, all little-endian, with
/// masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8. Source: tensorflow/core/lib/io/record_writer.h.
std::string event_record(std::string_view payload);

/// Encoded `Event` messages. Source: tensorflow/core/util/event.proto, in the encoding of proto3.
std::string version_event(double time);
std::string session_start_event(double time, std::uint64_t step);
std::string scalar_event(double time, std::uint64_t step, const std::vector<std::pair<std::string, float>>& scalars);
/// A picture: a PNG file of red, green and blue, with its size in pixels.
struct EventImage {
  std::string tag{};
  std::string png{};
  std::uint64_t width = 0;
  std::uint64_t height = 0;
};
std::string image_event(double time, std::uint64_t step, const std::vector<EventImage>& images);

/// One event file, of one process that writes into a run. Each record goes out in a single write(2), so a reader and a
/// kill see whole records but perhaps for the last.
class EventFile {
 public:
  /// Makes `events.out.tfevents.<seconds>.<host>.<pid>.<n>` in the directory, n the first that is free. It begins with
  /// the format's version and the start of a session at `step`: what earlier files of the run say of steps from there
  /// on is void. `time` is in seconds since 1970, UTC. Throws FileError.
  EventFile(const std::filesystem::path& directory, double time, std::uint64_t step);

  /// The values of several tags at one step. Steps must rise. Throws FileError.
  void append(double time, std::uint64_t step, const std::vector<std::pair<std::string, float>>& scalars);

  /// The same of pictures.
  void append(double time, std::uint64_t step, const std::vector<EventImage>& images);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write(const std::string& record);

  std::filesystem::path path_;
  FileDescriptor descriptor_;
};

}  // namespace headlight
