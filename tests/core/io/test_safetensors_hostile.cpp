#include <sys/resource.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "core/io/safetensors.h"
#include "tests/core/io/io_testing.h"

using namespace headlight;
using namespace headlight::testing;
using Catch::Matchers::Contains;

namespace {

// Sanitizers keep freed memory and shadow the rest.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsInflated = true;
#else
constexpr bool kMemoryIsInflated = false;
#endif

struct Hostile {
  std::string bytes;
  std::string reason;
};

std::string file_of(const std::string& header, const std::string& data = {}) {
  return little_endian(header.size(), 8) + header + data;
}

/// One tensor `w` with the given fields and 16 bytes of data.
Hostile tensor(const std::string& fields, std::string reason) {
  return {file_of("{\"w\":{" + fields + "}}", std::string(16, 'd')), std::move(reason)};
}

Hostile shaped(const std::string& shape, std::string reason) {
  return tensor(R"("dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,16])", std::move(reason));
}

Hostile placed(const std::string& offsets, std::string reason) {
  return tensor(R"("dtype":"F32","shape":[2,2],"data_offsets":)" + offsets, std::move(reason));
}

Hostile named(const std::string& name, std::string reason) {
  return {file_of("{\"" + name + R"(":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", std::string(16, 'd')),
          std::move(reason)};
}

Hostile with_metadata(const std::string& metadata, std::string reason) {
  return {file_of("{\"__metadata__\":" + metadata + "}"), std::move(reason)};
}

/// Two tensors of 4 bytes each at the given offsets.
std::string pair_at(const std::string& first, const std::string& second) {
  return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
         R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}";
}

std::vector<Hostile> corpus() {
  const std::string fine = R"("dtype":"F32","shape":[2,2],"data_offsets":[0,16])";
  const std::string data(16, 'd');
  return {
      // length of the header
      {"", "too short for a safetensors file; 0 bytes"},
      {"1234567", "too short for a safetensors file; 7 bytes"},
      {little_endian(0, 8), "the header does not begin with {"},
      {std::string(8, '\xFF'), "the header is too long; 18446744073709551615 bytes, at most 100000000"},
      {little_endian(std::uint64_t{1} << 63, 8) + "{}", "the header is too long; 9223372036854775808 bytes"},
      {little_endian(100'000'001, 8) + "{}", "the header is too long; 100000001 bytes"},
      {little_endian(100'000'000, 8) + "{}", "the header is cut off; 100000000 bytes announced, 2 there"},
      {little_endian(3, 8) + "{}", "the header is cut off; 3 bytes announced, 2 there"},
      {little_endian(10, 8) + "{}", "the header is cut off; 10 bytes announced, 2 there"},  // N = size of the file
      // text of the header
      {file_of("[]"), "the header does not begin with {"},
      {file_of("    "), "the header does not begin with {"},
      {file_of("PK\x03\x04"), "the header does not begin with {"},
      {file_of("\xEF\xBB\xBF{}"), "the header does not begin with {"},
      {file_of("{"), "unexpected end of input"},
      {file_of("{\"\xFF\":1}"), "the text is not valid UTF-8; line 1, column 3 (byte 2)"},
      {file_of("{} x"), "invalid literal"},
      {file_of("{}{}"), "expected end of input"},
      {file_of(std::string("{}\0\0", 4)), "the text holds a NUL byte"},
      {file_of("{/**/}"), "invalid literal"},
      {file_of("{\"a\":" + std::string(100'000, '[')), "nested deeper than 4 levels"},
      {file_of("{\"a\":" + std::string(3, '[')), "`a` is not an object; it is an array"},
      {file_of("{\"w\":1}"), "`w` is not an object; it is a number"},
      {file_of("{\"w\":null}"), "`w` is not an object; it is null"},
      // metadata
      with_metadata("[]", "`__metadata__` is not an object; it is an array"),
      with_metadata("\"pt\"", "`__metadata__` is not an object; it is a string"),
      with_metadata(R"({"step":3})", "metadata `step` is not a string; it is a number"),
      with_metadata(R"({"config":{}})", "metadata `config` is not a string; it is an object"),
      with_metadata(R"({"a":"1","a":"2"})", "the key `a` appears twice; line 1, column 26 (byte 25)"),
      with_metadata(R"({},"__metadata__":{})", "`__metadata__` appears twice"),
      with_metadata(R"({"headlight.xxh64":"0"})", "its digest does not fit its content"),
      with_metadata(R"({"headlight.xxh64" : "0123456789abcdef"})", "its digest does not fit its content"),
      // fields of a tensor
      tensor(R"("dtype":"F32","shape":[2,2])", "tensor `w`: a field is missing"),
      tensor("", "tensor `w`: a field is missing"),
      tensor(fine + R"(,"strides":[2,1])", "tensor `w`: unknown field `strides`"),
      tensor(fine + R"(,"dtype":"I32")", "the key `dtype` appears twice"),
      tensor(fine + R"(,"shape":[4])", "the key `shape` appears twice"),
      tensor(R"("dtype":"F33","shape":[2,2],"data_offsets":[0,16])", "tensor `w`: unknown dtype; `F33`"),
      tensor(R"("dtype":"f32","shape":[2,2],"data_offsets":[0,16])", "tensor `w`: unknown dtype; `f32`"),
      tensor(R"("dtype":7,"shape":[2,2],"data_offsets":[0,16])", "tensor `w`: dtype is not a string; it is a number"),
      tensor(R"("dtype":[],"shape":[2,2],"data_offsets":[0,16])", "tensor `w`: dtype is not a string; it is an array"),
      // shape
      shaped("4", "tensor `w`: shape is not an array; it is a number"),
      shaped("{}", "tensor `w`: shape is not an array; it is an object"),
      shaped("[-4]", "tensor `w`: shape holds something else than integers from 0; it holds a negative number"),
      shaped("[4.0]", "integers from 0; it holds a number that is no 64-bit integer"),
      shaped("[4e0]", "integers from 0; it holds a number that is no 64-bit integer"),
      shaped("[18446744073709551616]", "integers from 0; it holds a number that is no 64-bit integer"),
      shaped("[true]", "integers from 0; it holds true or false"),
      shaped("[\"4\"]", "integers from 0; it holds a string"),
      shaped("[[4]]", "shape holds something else than integers from 0; it holds an array"),
      shaped("[4,1,1,1,1,1,1,1,1]", "tensor `w`: too many axes; more than 8"),
      shaped("[9223372036854775808,2]", "tensor `w`: the size overflows 64 bits; F32 (9223372036854775808, 2)"),
      shaped("[4294967296,4294967296]", "tensor `w`: the size overflows 64 bits"),
      shaped("[4611686018427387908]", "tensor `w`: the size overflows 64 bits"),  // times 4 bytes wraps to 16
      shaped("[9223372036854775808,2,0]", "tensor `w`: the size overflows 64 bits"),
      shaped("[576460752303423488]", "tensor `w`: the size overflows 64 bits"),
      shaped("[288230376151711744]", "data_offsets do not fit the shape"),
      shaped("[2,3]", "tensor `w`: data_offsets do not fit the shape; F32 (2, 3) needs 24 bytes, the offsets span 16"),
      shaped("[]", "F32 () needs 4 bytes, the offsets span 16"),
      shaped("[0]", "F32 (0) needs 0 bytes, the offsets span 16"),
      tensor(R"("dtype":"F4","shape":[3],"data_offsets":[0,16])", "`w`: the size is not a whole number of bytes"),
      // offsets
      placed("[0]", "tensor `w`: data_offsets must be two numbers; it has 1"),
      placed("[]", "tensor `w`: data_offsets must be two numbers; it has 0"),
      placed("[0,16,16]", "tensor `w`: data_offsets must be two numbers; it has more"),
      placed("16", "tensor `w`: data_offsets is not an array; it is a number"),
      placed("[-16,0]", "`w`: data_offsets holds something else than integers from 0; it holds a negative number"),
      placed("[0.0,16.0]", "tensor `w`: data_offsets holds something else than integers from 0"),
      placed("[16,0]", "tensor `w`: data_offsets run backwards; [16, 0]"),
      placed("[18446744073709551600,0]", "tensor `w`: data_offsets run backwards"),
      placed("[18446744073709551599,18446744073709551615]", "tensor `w`: there is a hole before its data"),
      placed("[4,20]", "tensor `w`: there is a hole before its data; it begins at 4, the tensor before ends at 0"),
      // coverage
      {file_of(pair_at("[0,4]", "[8,12]"), std::string(12, 'd')), "tensor `b`: there is a hole before its data"},
      {file_of(pair_at("[0,4]", "[2,6]"), std::string(6, 'd')), "tensor `b`: its data overlaps"},
      {file_of(pair_at("[0,4]", "[0,4]"), std::string(4, 'd')), "tensor `b`: its data overlaps"},
      {file_of(pair_at("[4,8]", "[0,4]"), std::string(7, 'd')), "tensor `a`: its data is cut off"},
      {file_of(pair_at("[0,4]", "[4,8]"), std::string(9, 'd')),
       "there are bytes after the last tensor; the tensors end at 8, the data at 9"},
      {file_of("{}", "#!/bin/sh\n"), "there are bytes after the last tensor; the tensors end at 0, the data at 10"},
      {file_of(R"({"e":{"dtype":"F32","shape":[0],"data_offsets":[7,7]}})", std::string(8, 'd')),
       "tensor `e`: there is a hole before its data"},
      // names
      {file_of(R"({"w":{)" + fine + R"(},"w":{)" + fine + "}}", data), "the tensor `w` appears twice"},
      {file_of(R"({"w":{)" + fine + R"(},"\u0077":{)" + fine + "}}", data), "the tensor `w` appears twice"},
      named("", "the name is empty"),
      named("a\\u0000b", "tensor `a?b`: the name holds a control character"),
      named("a\\nb", "the name holds a control character"),
      named("../w", "tensor `../w`: the name climbs out of its directory"),
      named("a/../../w", "the name climbs out of its directory"),
      named("a\\\\..", "the name climbs out of its directory"),
      named("/etc/passwd", "the name is an absolute path"),
      named(std::string(1025, 'n'), "the name is too long"),
  };
}

/// Peak memory in bytes of a child process that opens the file and must be refused.
std::uint64_t peak_memory_of_refusal(const std::filesystem::path& path) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      const SafetensorsFile file(path);
    } catch (const FileError&) {
      ::_exit(0);
    }
    ::_exit(1);
  }
  int status = 0;
  rusage usage{};
  REQUIRE(::wait4(child, &status, 0, &usage) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

/// A file of about `bytes` bytes whose header is `begin` and then `repeated` over and over.
void write_large(const std::filesystem::path& path, const std::string& begin, const std::string& repeated,
                 std::size_t bytes) {
  std::ofstream file(path, std::ios::binary);
  const std::size_t count = bytes / repeated.size();
  const std::string length = little_endian(begin.size() + count * repeated.size(), 8);
  file << length << begin;
  for (std::size_t i = 0; i < count; ++i) file << repeated;
  REQUIRE(file.flush().good());
}

}  // namespace

TEST_CASE("Hostile safetensors files are each refused for their own reason") {
  const TemporaryDirectory directory;
  const std::filesystem::path path = directory / "hostile.safetensors";
  const std::vector<Hostile> cases = corpus();
  CHECK(cases.size() >= 30);
  for (const Hostile& hostile : cases) {
    INFO(hostile.bytes.substr(0, 200));
    spill(path, hostile.bytes);
    const std::string text = message_of<FileError>([&] { SafetensorsFile{path}; });
    CHECK_THAT(text, Contains(hostile.reason));
    CHECK_THAT(text, Catch::Matchers::StartsWith(path.string() + ": "));
  }
}

TEST_CASE("The corpus tests refusals and not its own mistakes: its sound members load") {
  const TemporaryDirectory directory;
  for (const Hostile& sound : {shaped("[2,2]", ""), placed("[0,16]", ""), named("a/b..c", ""), with_metadata("{}", ""),
                               Hostile{file_of(pair_at("[4,8]", "[0,4]"), "12345678"), ""}}) {
    spill(directory / "f", sound.bytes);
    CHECK_NOTHROW(SafetensorsFile(directory / "f"));
  }
}

// The limit of the project's fault table: three times the file and 64 MiB.
TEST_CASE("A large hostile header is refused in little memory") {
  const TemporaryDirectory directory;
  constexpr std::size_t bytes = std::size_t{32} << 20;
  struct Case {
    std::string begin;
    std::string repeated;
  };
  for (const Case& hostile : {Case{"{", "["}, Case{"{\"a\":", "["}, Case{"{\"w\":{\"shape\":[", "0,"},
                              Case{"{\"__metadata__\":{\"a\":[", "0,"}, Case{"{\"", "n"},
                              Case{"{\"__metadata__\":{\"", "\\u0041"}, Case{"{", "\"a\":{},"}}) {
    INFO(hostile.begin << hostile.repeated);
    write_large(directory / "f", hostile.begin, hostile.repeated, bytes);
    const std::uint64_t peak = peak_memory_of_refusal(directory / "f");
    if (!kMemoryIsInflated) CHECK(peak < 3 * bytes + (std::uint64_t{64} << 20));
  }
}
