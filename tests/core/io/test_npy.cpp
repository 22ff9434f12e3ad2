#include <array>

#include <catch2/catch.hpp>

#include "core/io/npy.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

namespace {

const std::filesystem::path kNpyFixtures = std::filesystem::path(HEADLIGHT_SOURCE_DIR) / "tests/reference/npy";

std::string data_of(const NpyFile& npy) {
  std::string bytes(npy.tensor().bytes, '\0');
  npy.file().read(npy.tensor().offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

std::string version_1(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\x00", 8) + little_endian(header.size(), 2) + header + data;
}

struct RejectedFile {
  std::string bytes;
  std::string reason;
};

}  // namespace

// tests/reference/npy/make_npy.py wrote the files with numpy 1.24.2.
TEST_CASE("What numpy wrote is read, and written again it is the same file") {
  const TemporaryDirectory directory;
  struct Case {
    const char* name;
    DType dtype;
    StoredShape shape;
  };
  const std::array<Case, 9> cases = {{
      {"f4_2x3", DType::kF32, {2, 3}},
      {"f8_2x3", DType::kF64, {2, 3}},
      {"f2_2x3", DType::kF16, {2, 3}},
      {"i4_5", DType::kI32, {5}},
      {"i8_5", DType::kI64, {5}},
      {"b1_3", DType::kBool, {3}},
      {"f4_scalar", DType::kF32, {}},
      {"f4_empty", DType::kF32, {0, 4}},
      {"f4_6d", DType::kF32, {2, 2, 2, 2, 2, 2}},
  }};
  for (const Case& expected : cases) {
    INFO(expected.name);
    const std::filesystem::path path = kNpyFixtures / (std::string(expected.name) + ".npy");
    const NpyFile npy(path);
    CHECK(npy.tensor().dtype == expected.dtype);
    CHECK(npy.tensor().shape == expected.shape);
    CHECK(npy.tensor().offset == 128);
    const std::string data = data_of(npy);
    write_npy(directory / "again.npy", {"", expected.dtype, expected.shape, std::as_bytes(std::span(data))});
    CHECK(slurp(directory / "again.npy") == slurp(path));
  }
}

TEST_CASE("Versions 2 and 3 of numpy's header are read") {
  const std::string expected = data_of(NpyFile(kNpyFixtures / "f4_2x3.npy"));
  for (const char* name : {"f4_2x3_version2.npy", "f4_2x3_version3.npy"}) {
    const NpyFile npy(kNpyFixtures / name);
    CHECK(npy.tensor().shape == StoredShape{2, 3});
    CHECK(data_of(npy) == expected);
  }
}

TEST_CASE("What numpy writes and we do not read is refused with the reason") {
  const auto reason = [](const char* name) { return message_of<FileError>([&] { NpyFile(kNpyFixtures / name); }); };
  CHECK_THAT(reason("object.npy"), Contains("unsupported type `|O`") && Contains("Python objects run code when read"));
  CHECK_THAT(reason("f4_column_major.npy"), Contains("column-major") && Contains("numpy.ascontiguousarray"));
  CHECK_THAT(reason("f4_big_endian.npy"), Contains("unsupported type `>f4`") && Contains("big-endian"));
  CHECK_THAT(reason("structured.npy"), Contains("structured types are not supported"));
}

TEST_CASE("The data of every npy file starts at a multiple of 64") {
  for (std::uint64_t extent = 1; extent < 10'000'000'000'000'000'000U / 10; extent *= 10) {
    for (std::size_t rank = 0; rank <= kMaxStoredRank; ++rank) {
      const std::string preamble = npy_preamble(DType::kF32, StoredShape(rank, extent), "x");
      CHECK(preamble.size() % 64 == 0);
      CHECK(preamble.back() == '\n');
      CHECK(parse_npy_header(std::string_view(preamble).substr(10), "x").shape == StoredShape(rank, extent));
    }
  }
  CHECK_THAT(message_of<FileError>([] { npy_preamble(DType::kBF16, {1}, "x"); }),
             Contains("numpy has no type BF16; convert it to F32 first"));
}

TEST_CASE("Every prefix of an npy file is refused") {
  const TemporaryDirectory directory;
  const std::string whole = slurp(kNpyFixtures / "f4_2x3.npy");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    spill(directory / "prefix", whole.substr(0, length));
    INFO(length);
    CHECK_THROWS_AS(NpyFile(directory / "prefix"), FileError);
  }
}

TEST_CASE("No flipped bit of an npy header crashes or reads beyond the file") {
  const TemporaryDirectory directory;
  const std::string whole = slurp(kNpyFixtures / "f4_2x3.npy");
  for (std::size_t bit = 0; bit < 128 * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    spill(directory / "damaged", damaged);
    try {
      const NpyFile npy(directory / "damaged");
      CHECK(npy.tensor().offset + npy.tensor().bytes == whole.size());
    } catch (const FileError&) {
    }
  }
}

TEST_CASE("Order and spacing of an npy header's keys are free") {
  const NpyHeader header =
      parse_npy_header("{ \"shape\" :( 3 ,2,),'fortran_order':False,   'descr':\"<i8\"}   \n", "x");
  CHECK(header.dtype == DType::kI64);
  CHECK(header.shape == StoredShape{3, 2});
}

TEST_CASE("Hostile npy files are each refused for their own reason") {
  const TemporaryDirectory directory;
  const auto header = [](const std::string& descr, const std::string& order, const std::string& shape) {
    return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  };
  const auto shaped = [&](const std::string& shape) { return version_1(header("'<f4'", "False", shape), "0123"); };
  const std::vector<RejectedFile> cases = {
      {"", "not an npy file"},
      {std::string("\x93NUMPX\x01\x00\x00\x00", 10), "not an npy file"},
      {std::string("\x93NUMPY\x01\x00\x00", 9), "the header is cut off; 9 bytes in all"},
      {std::string("\x93NUMPY\x02\x00\x00\x00\x00", 11), "the header is cut off; 11 bytes in all"},
      {std::string("\x93NUMPY\x04\x00\x00\x00", 10), "unknown npy version; 4.0"},
      {std::string("\x93NUMPY\x01\x01\x00\x00", 10), "unknown npy version; 1.1"},
      {std::string("\x93NUMPY\x00\x00\x00\x00", 10), "unknown npy version; 0.0"},
      {std::string("\x93NUMPY\x01\x00\xFF\xFF", 10), "the header is too long; 65535 characters, at most 10000"},
      {std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF", 12), "the header is too long; 4294967295 characters"},
      {std::string("\x93NUMPY\x01\x00\x10\x27", 10), "the header is cut off; 10000 characters announced, 0 there"},
      {version_1("", ""), "does not end with a newline"},
      {version_1("{}", ""), "does not end with a newline"},
      {version_1("{}\n", ""), "must have the keys descr, fortran_order and shape"},
      {version_1("\n", ""), "`{` is expected"},
      {version_1("{'descr': '<f4'\n", ""), "`,` is expected"},
      {version_1("{'descr': '<f4', 'shape': (1,)}\n", "0123"), "must have the keys"},
      {version_1("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}\n", "0123"),
       "unknown header key `x`"},
      {version_1("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n", "0123"),
       "the header key `descr` appears twice"},
      {version_1("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x\n", "0123"),
       "text after the header's dict"},
      {version_1("{'descr': '<f\xC3\xA9'}\n", ""), "not plain ASCII"},
      {version_1(std::string("{'descr': '<f4\0'}\n", 18), ""), "not plain ASCII"},
      {version_1("{'descr': '<f4\n", ""), "a quoted text does not end"},
      {version_1(header("'|O'", "False", "(1,)"), "0123"), "unsupported type `|O`"},
      {version_1(header("'<f16'", "False", "()"), ""), "unsupported type `<f16`"},
      {version_1(header("''", "False", "()"), ""), "unsupported type ``"},
      {version_1(header("3", "False", "()"), ""), "a quoted text is expected"},
      {version_1(header("'<f4'", "0", "(1,)"), "0123"), "fortran_order must be True or False"},
      {version_1(header("'<f4'", "True", "(1,)"), "0123"), "column-major"},
      {shaped("[1]"), "`(` is expected"},
      {shaped("(1)"), "`,` is expected"},
      {shaped("1"), "`(` is expected"},
      {shaped("(-1,)"), "shape must hold integers from 0"},
      {shaped("(1.0,)"), "`,` is expected"},
      {shaped("(01,)"), "shape must hold integers from 0"},
      {shaped("(,)"), "shape must hold integers from 0"},
      {shaped("(1L,)"), "`,` is expected"},
      {shaped("(18446744073709551616,)"), "an extent of the shape overflows 64 bits"},
      {shaped("(4294967296, 4294967296)"), "the size overflows 64 bits"},
      {shaped("(9223372036854775808, 2)"), "the size overflows 64 bits"},
      {shaped("(9223372036854775807,)"), "the size overflows 64 bits"},
      {shaped("(144115188075855872,)"), "the data is cut off"},
      {shaped("(1, 1, 1, 1, 1, 1, 1, 1, 1)"), "more than 8 axes"},
      {shaped("(2,)"), "the data is cut off; <f4 (2) needs 8 bytes, the file has 4"},
      {shaped("(0,)"), "there are bytes after the data; <f4 (0) needs 0 bytes, the file has 4"},
  };
  for (const RejectedFile& rejected : cases) {
    INFO(rejected.reason);
    spill(directory / "hostile.npy", rejected.bytes);
    CHECK_THAT(message_of<FileError>([&] { NpyFile(directory / "hostile.npy"); }), Contains(rejected.reason));
  }
}
