// Event files: bytes encoded by hand and decoded with protobufjs 7, and whole files read back by another decoder: a
// CRC-32C that divides bit by bit (RFC 3720, appendix B.4) and Debian's protoc.
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <catch2/catch.hpp>

#include "apps/training/event_file.h"
#include "apps/training/metrics.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;

namespace {

std::string from_hexadecimal(const std::string& hexadecimal) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 3) {
    bytes.push_back(static_cast<char>(std::stoi(hexadecimal.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::uint32_t divided_bit_by_bit(const std::string& bytes) {
  std::uint32_t remainder = 0xFFFFFFFF;
  for (const char byte : bytes) {
    remainder ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) remainder = (remainder & 1U) != 0 ? (remainder >> 1U) ^ 0x82F63B78U : remainder >> 1U;
  }
  return ~remainder;
}

std::uint32_t number_at(const std::string& file, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, file.data() + at, sizeof(value));  // the machine is little-endian, as the format is
  return value;
}

std::uint32_t masked(const std::string& bytes) {
  const std::uint32_t crc = divided_bit_by_bit(bytes);
  return std::rotr(crc, 15) + 0xA282EAD8U;
}

/// The payloads of a file's records, both check sums of each looked at.
std::vector<std::string> payloads(const std::string& file) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < file.size();) {
    REQUIRE(at + 12 <= file.size());
    const std::size_t length = number_at(file, at);
    CHECK(number_at(file, at + 4) == 0);
    CHECK(number_at(file, at + 8) == masked(file.substr(at, 8)));
    REQUIRE(at + 16 + length <= file.size());
    found.push_back(file.substr(at + 12, length));
    CHECK(number_at(file, at + 12 + length) == masked(found.back()));
    at += 16 + length;
  }
  return found;
}

// What TensorBoard reads of event.proto and summary.proto (tensorflow/core).
constexpr const char* kProto = R"(syntax = "proto3";
message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
message Value { string tag = 1; float simple_value = 2; Image image = 4; }
message Summary { repeated Value value = 1; }
message SessionLog { enum Status { UNSPECIFIED = 0; START = 1; STOP = 2; } Status status = 1; }
message Event {
  double wall_time = 1;
  int64 step = 2;
  oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
}
)";

std::string decoded(const TemporaryDirectory& directory, const std::string& payload) {
  spill(directory / "event.proto", kProto);
  spill(directory / "payload", payload);
  const std::string out = (directory / "text").string();
  const std::string command = "protoc --proto_path=" + directory.path().string() + " --decode=Event event.proto < " +
                              (directory / "payload").string() + " > " + out;
  REQUIRE(std::system(command.c_str()) == 0);
  return slurp(out);
}

}  // namespace

TEST_CASE("the check sum is CRC-32C") {
  CHECK(crc32c("123456789") == 0xE3069283);  // the check value of CRC-32/ISCSI in Cook's catalogue
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(1000, '\xff') + "x") == divided_bit_by_bit(std::string(1000, '\xff') + "x"));
}

TEST_CASE("records are these bytes") {
  CHECK(event_record(version_event(1700000000)) ==
        from_hexadecimal(
            "18 00 00 00 00 00 00 00 a3 7f 4b 22 09 00 00 00 40 fc 54 d9 41 1a 0d 62 72 61 69 6e 2e 45 76 65 6e "
            "74 3a 32 ec ed 8f 9d "));
  CHECK(event_record(scalar_event(1700000001, 100, {{"loss/train", 0.5F}})) ==
        from_hexadecimal(
            "20 00 00 00 00 00 00 00 29 ed a9 50 09 00 00 40 40 fc 54 d9 41 10 64 2a 13 0a 11 0a 0a 6c 6f 73 73 "
            "2f 74 72 61 69 6e 15 00 00 00 3f 97 5d 11 d4 "));
}

TEST_CASE("a file is read back by another decoder") {
  const TemporaryDirectory directory;
  EventFile file(directory.path(), 1700000000.75, 0);
  const std::string name = file.path().filename().string();
  CHECK(name.starts_with("events.out.tfevents.1700000000."));
  CHECK(name.ends_with("." + std::to_string(::getpid()) + ".0"));
  file.append(1700000002, 300, {{"loss/train", 2.5F}, {"lr", 0.001F}});
  const MetricsRow row{.step = 350, .split = Split::eval, .loss = 0.25, .tok_acc = 1.0, .seq_acc = 0.5};
  file.append(1700000003, row.step, scalars(row));

  const std::vector<std::string> events = payloads(slurp(file.path()));
  REQUIRE(events.size() == 4);
  CHECK(decoded(directory, events[0]) == "wall_time: 1700000000.75\nfile_version: \"brain.Event:2\"\n");
  CHECK(decoded(directory, events[1]) == "wall_time: 1700000000.75\nsession_log {\n  status: START\n}\n");
  CHECK(decoded(directory, events[2]) ==
        "wall_time: 1700000002\nstep: 300\nsummary {\n  value {\n    tag: \"loss/train\"\n    simple_value: 2.5\n  }\n"
        "  value {\n    tag: \"lr\"\n    simple_value: 0.001\n  }\n}\n");
  const std::string last = decoded(directory, events[3]);
  CHECK_THAT(last, Catch::Contains("step: 350") && Catch::Contains("\"loss/eval\"\n    simple_value: 0.25") &&
                       Catch::Contains("\"tok_acc/eval\"\n    simple_value: 1") &&
                       Catch::Contains("\"seq_acc/eval\"\n    simple_value: 0.5"));

  file.append(1700000004, 400, std::vector<EventImage>{{.tag = "map", .png = "PNG", .width = 300, .height = 20}});
  CHECK(decoded(directory, payloads(slurp(file.path())).back()) ==
        "wall_time: 1700000004\nstep: 400\nsummary {\n  value {\n    tag: \"map\"\n    image {\n      height: 20\n"
        "      width: 300\n      colorspace: 3\n      encoded_image_string: \"PNG\"\n    }\n  }\n}\n");

  // Another process of the same run, here another file of the same second.
  const EventFile resumed(directory.path(), 1700000000.75, 300);
  CHECK(resumed.path().filename().string().ends_with(".1"));
  CHECK_THAT(decoded(directory, payloads(slurp(resumed.path()))[1]),
             Catch::Contains("step: 300\nsession_log {\n  status: START"));
}

TEST_CASE("an event file that cannot be made is an error with its path") {
  CHECK_THROWS_WITH(EventFile("/nowhere/at/all", 1, 0), Catch::Contains("/nowhere/at/all/events.out.tfevents."));
}
