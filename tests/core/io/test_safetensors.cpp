#include <algorithm>
#include <array>
#include <utility>

#include <catch2/catch.hpp>

#include "core/io/safetensors.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

namespace {

constexpr std::array<float, 4> kOneToFour = {1, 2, 3, 4};

TensorView w() { return {"w", DType::kF32, {2, 2}, std::as_bytes(std::span(kOneToFour))}; }

/// The file of the format's worked example: 8 + 88 + 16 bytes, written out by hand.
std::string golden_file() {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";
  const std::string data("\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\x40", 16);
  return std::string("\x58\0\0\0\0\0\0\0", 8) + header + data;
}

std::string read_bytes(const SafetensorsFile& file, std::string_view name) {
  const StoredTensor& stored = file.tensor(name);
  std::string bytes(stored.bytes, '\0');
  file.file().read(stored.offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace

TEST_CASE("The worked example of safetensors is written and read byte for byte") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "w.safetensors";
  write_safetensors(path, {w()}, {.digest = false});
  CHECK(slurp(path) == golden_file());
  CHECK(golden_file().size() == 112);

  const SafetensorsFile file(path);
  REQUIRE(file.tensors().size() == 1);
  CHECK(file.tensor("w").dtype == DType::kF32);
  CHECK(file.tensor("w").shape == StoredShape{2, 2});
  CHECK(file.tensor("w").offset == 96);
  CHECK(file.metadata() == Metadata{{"format", "pt"}});
  CHECK(read_bytes(file, "w") == golden_file().substr(96));
}

TEST_CASE("Tensors are laid out wide types first, then by name, aligned and without gaps") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const std::array<std::byte, 64> bytes{};
  const auto piece = [&](std::size_t count) { return std::span(bytes).first(count); };
  const std::vector<TensorView> tensors = {
      {"flag", DType::kBool, {3}, piece(3)},    {"half", DType::kF16, {1}, piece(2)},
      {"b", DType::kF32, {2}, piece(8)},        {"a", DType::kF32, {}, piece(4)},
      {"wide", DType::kI64, {2, 1}, piece(16)}, {"empty", DType::kF64, {0, 3}, piece(0)},
  };
  write_safetensors(path, tensors, {.metadata = {{"step", "12"}, {"quote", "\"\\\n\xC3\xA9"}}});
  const std::string text = slurp(path);

  const SafetensorsFile file(path, {.require_digest = true});
  std::string order;
  std::vector<StoredTensor> by_place = file.tensors();
  std::ranges::sort(by_place, {}, [](const StoredTensor& t) { return std::pair(t.offset, t.bytes); });
  std::uint64_t end = by_place.front().offset;
  CHECK(end % 8 == 0);
  for (const StoredTensor& tensor : by_place) {
    order += tensor.name + " ";
    CHECK(tensor.offset == end);
    CHECK(tensor.offset % (dtype_bits(tensor.dtype) / 8) == 0);
    end += tensor.bytes;
  }
  CHECK(order == "wide empty a b half flag ");
  CHECK(end == text.size());
  CHECK(text[8] == '{');
  CHECK(file.metadata().at("quote") == "\"\\\n\xC3\xA9");
  CHECK(file.metadata().at("format") == "pt");

  std::vector<TensorView> reversed(tensors.rbegin(), tensors.rend());
  write_safetensors(directory / "g", reversed, {.metadata = {{"quote", "\"\\\n\xC3\xA9"}, {"step", "12"}}});
  CHECK(slurp(directory / "g") == text);
}

TEST_CASE("A file without tensors is a file") {
  const TemporaryDirectory directory;
  write_safetensors(directory / "f", {});
  CHECK(SafetensorsFile(directory / "f").tensors().empty());
  // As short as the format allows: a length and two braces.
  spill(directory / "g", little_endian(2, 8) + "{}");
  CHECK(SafetensorsFile(directory / "g").tensors().empty());
}

TEST_CASE("The reader accepts leading blanks, any order of fields, unaligned data and every type") {
  const TemporaryDirectory directory;
  const std::string header =
      " \n{\"b\":{\"data_offsets\":[3,5],\"shape\":[4],\"dtype\":\"F4\"},\"a\":{\"shape\":[3],\"dtype\":\"F8_E4M3\","
      "\"data_offsets\":[0,3]},\"c\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[5,13]},"
      "\"d\":{\"dtype\":\"BF16\",\"shape\":[0],\"data_offsets\":[5,5]}}  ";
  spill(directory / "f", little_endian(header.size(), 8) + header + "0123456789abc");
  const SafetensorsFile file(directory / "f");
  CHECK(read_bytes(file, "a") == "012");
  CHECK(read_bytes(file, "b") == "34");
  CHECK(read_bytes(file, "c") == "56789abc");
  CHECK(read_bytes(file, "d").empty());
}

TEST_CASE("Every prefix of a file is refused") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  for (const bool digest : {false, true}) {
    write_safetensors(path, {w()}, {.digest = digest});
    const std::string whole = slurp(path);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      spill(directory / "prefix", whole.substr(0, length));
      INFO(length);
      CHECK_THROWS_AS(SafetensorsFile(directory / "prefix"), FileError);
    }
  }
}

TEST_CASE("With a digest every flipped bit of the file is found") {
  const TemporaryDirectory directory;
  write_safetensors(directory / "f", {w()}, {.metadata = {{"step", "7"}}});
  const std::string whole = slurp(directory / "f");
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    spill(directory / "damaged", damaged);
    INFO("bit " << bit);
    CHECK_THROWS_AS(SafetensorsFile(directory / "damaged", {.require_digest = true}), FileError);
  }
  CHECK_NOTHROW(SafetensorsFile(directory / "f", {.require_digest = true}));
}

TEST_CASE("Without a digest a flipped bit of the header is an error or another valid header, never a crash") {
  const TemporaryDirectory directory;
  const std::string whole = golden_file();
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    spill(directory / "damaged", damaged);
    INFO("bit " << bit);
    if (bit / 8 >= 96) {  // data: any bytes are numbers
      CHECK_NOTHROW(SafetensorsFile(directory / "damaged"));
      continue;
    }
    try {
      const SafetensorsFile file(directory / "damaged");
      ++accepted;
      for (const StoredTensor& tensor : file.tensors()) {
        CHECK(tensor.offset + tensor.bytes <= whole.size());
      }
    } catch (const FileError&) {
    }
  }
  // Another name (w has 7 valid neighbours at most), dtype (F32 <-> none), metadata text: a few, far from all 768.
  CHECK(accepted > 0);
  CHECK(accepted < 100);
}

TEST_CASE("Damage is reported with both digests and the way out") {
  const TemporaryDirectory directory;
  write_safetensors(directory / "f", {w()});
  std::string damaged = slurp(directory / "f");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  spill(directory / "f", damaged);
  CHECK_THAT(message_of<FileError>([&] { SafetensorsFile(directory / "f"); }),
             Contains("the file is damaged: its digest does not fit its content; headlight.xxh64 says "));
  spill(directory / "f", golden_file());
  CHECK_THAT(message_of<FileError>([&] { SafetensorsFile(directory / "f", {.require_digest = true}); }),
             Contains("the file has no digest"));
}

TEST_CASE("The writer refuses what could not be read back") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "f";
  const auto attempt = [&](TensorView tensor) { write_safetensors(path, {std::move(tensor)}); };
  const std::span<const std::byte> four = std::as_bytes(std::span(kOneToFour)).first(4);
  CHECK_THAT(message_of<ShapeError>([&] {
               attempt({"w", DType::kF32, {2}, four});
             }),
             Contains("the shape does not fit the data; `w` F32 (2), 4 bytes"));
  CHECK_THAT(message_of<ShapeError>([&] {
               attempt({"w", DType::kF32, StoredShape(9, 1), four});
             }),
             Contains("at most 8 axes"));
  CHECK_THROWS_AS(attempt({"w", DType::kF32, {std::uint64_t{1} << 62, 4}, four}), ShapeError);
  CHECK_THAT(message_of<FileError>([&] { attempt({"../w", DType::kF32, {1}, four}); }), Contains("climbs"));
  CHECK_THAT(message_of<FileError>([&] { attempt({"", DType::kF32, {1}, four}); }), Contains("the name is empty"));
  CHECK_THAT(message_of<FileError>([&] { attempt({"\xFF", DType::kF32, {1}, four}); }), Contains("not valid UTF-8"));
  CHECK_THAT(message_of<FileError>([&] {
               write_safetensors(path, {w(), w()});
             }),
             Contains("the tensor `w` appears twice"));
  CHECK_THAT(message_of<ConfigError>([&] {
               write_safetensors(path, {}, {.metadata = {{"format", "np"}}});
             }),
             Contains("the metadata key `format` is the writer's own"));
  CHECK_THROWS_AS(write_safetensors(path, {}, {.metadata = {{"headlight.xxh64", "0"}}}), ConfigError);
  CHECK(directory.entries() == 0);
}

TEST_CASE("Everything that does not fit a model is listed at once") {
  const TemporaryDirectory directory;
  TensorView other = w();
  other.name = "old";
  write_safetensors(directory / "f", {w(), other});
  const SafetensorsFile file(directory / "f");
  const std::vector<ExpectedTensor> fitting = {{"old", {2, 2}}, {"w", {2, 2}}};
  CHECK_NOTHROW(require_tensors(file, fitting));
  const std::vector<ExpectedTensor> wanted = {{"w", {4}}, {"new", {3, 1}}};
  CHECK_THAT(message_of<FileError>([&] { require_tensors(file, wanted); }),
             Contains("the tensors do not fit the model; `w` is (2, 2) in the file, (4) in the model, `new` (3, 1) is "
                      "missing, `old` (2, 2) is unknown to the model"));
  CHECK(file.find("new") == nullptr);
  CHECK_THAT(message_of<FileError>([&] { file.tensor("new"); }),
             Contains("there is no tensor `new`; the file has `old`, `w`"));
}
