#include "apps/training/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <span>

#include "core/io/system_error.h"
#include "core/io/write_loop.h"

namespace headlight {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F6'3B78;
constexpr std::uint32_t kMaskDelta = 0xA282'EAD8;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? (value >> 1U) ^ kPolynomial : value >> 1U;
    table[i] = value;
  }
  return table;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + kMaskDelta; }

template <class T>
void add_little_endian(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
}

// The encoding of protocol buffers: a field is its number and wire type, then the value.
enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void add_varint(std::string& message, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) message.push_back(static_cast<char>((value & 0x7FU) | 0x80U));
  message.push_back(static_cast<char>(value));
}

void add_key(std::string& message, std::uint32_t field, Wire wire) {
  add_varint(message, (field << 3U) | static_cast<std::uint32_t>(wire));
}

void add_bytes(std::string& message, std::uint32_t field, std::string_view bytes) {
  add_key(message, field, Wire::bytes);
  add_varint(message, bytes.size());
  message += bytes;
}

/// An Event with its time (field 1) and step (field 2, left out where it is 0, as proto3 does).
std::string event(double time, std::uint64_t step) {
  std::string message;
  add_key(message, 1, Wire::fixed64);
  add_little_endian(message, std::bit_cast<std::uint64_t>(time));
  if (step != 0) {
    add_key(message, 2, Wire::varint);
    add_varint(message, step);
  }
  return message;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const char byte : bytes) crc = (crc >> 8U) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU];
  return ~crc;
}

std::string event_record(std::string_view payload) {
  std::string record;
  record.reserve(payload.size() + 16);
  add_little_endian(record, static_cast<std::uint64_t>(payload.size()));
  add_little_endian(record, masked(crc32c(record)));
  record += payload;
  add_little_endian(record, masked(crc32c(payload)));
  return record;
}

std::string version_event(double time) {
  std::string message = event(time, 0);
  add_bytes(message, 3, "brain.Event:2");
  return message;
}

std::string session_start_event(double time, std::uint64_t step) {
  std::string session;
  add_key(session, 1, Wire::varint);
  add_varint(session, 1);  // SessionLog.START
  std::string message = event(time, step);
  add_bytes(message, 7, session);
  return message;
}

std::string scalar_event(double time, std::uint64_t step, const std::vector<std::pair<std::string, float>>& scalars) {
  std::string summary;
  for (const auto& [tag, number] : scalars) {
    std::string value;
    add_bytes(value, 1, tag);
    add_key(value, 2, Wire::fixed32);
    add_little_endian(value, std::bit_cast<std::uint32_t>(number));
    add_bytes(summary, 1, value);
  }
  std::string message = event(time, step);
  add_bytes(message, 5, summary);
  return message;
}

std::string image_event(double time, std::uint64_t step, const std::vector<EventImage>& images) {
  constexpr std::uint64_t kRgb = 3;
  std::string summary;
  for (const EventImage& image : images) {
    std::string picture;
    for (const auto& [field, number] : {std::pair(1U, image.height), {2U, image.width}, {3U, kRgb}}) {
      add_key(picture, field, Wire::varint);
      add_varint(picture, number);
    }
    add_bytes(picture, 4, image.png);
    std::string value;
    add_bytes(value, 1, image.tag);
    add_bytes(value, 4, picture);
    add_bytes(summary, 1, value);
  }
  std::string message = event(time, step);
  add_bytes(message, 5, summary);
  return message;
}

EventFile::EventFile(const std::filesystem::path& directory, double time, std::uint64_t step) {
  const std::string stem =
      fmt::format("events.out.tfevents.{:010.0f}.{}.{}.", std::floor(time), host_name(), ::getpid());
  for (int n = 0; descriptor_.get() < 0; ++n) {
    path_ = directory / (stem + std::to_string(n));
    descriptor_ = FileDescriptor(::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0666));
    if (descriptor_.get() < 0 && errno != EEXIST) raise_system_error(path_, "create", errno);
  }
  write(event_record(version_event(time)) + event_record(session_start_event(time, step)));
}

void EventFile::append(double time, std::uint64_t step, const std::vector<std::pair<std::string, float>>& scalars) {
  write(event_record(scalar_event(time, step, scalars)));
}

void EventFile::append(double time, std::uint64_t step, const std::vector<EventImage>& images) {
  write(event_record(image_event(time, step, images)));
}

void EventFile::write(const std::string& record) {
  const int error = write_all(descriptor_.get(), std::as_bytes(std::span(record)));
  if (error != 0) raise_system_error(path_, "write", error);
}

}  // namespace headlight
